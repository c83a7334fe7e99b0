"""What does an image look like that a unit, a sentence or a direction wants?"""
