"""What excites a unit, and what are all the units of a layer like?"""
