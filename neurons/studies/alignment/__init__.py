"""Does another model, or a brain, see the same thing?"""
