"""Which images, in which order, with which pixels?"""
