"""How is an image made that excites a target?"""
