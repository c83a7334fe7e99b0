"""What does a model associate, and does it see shape, texture or words?"""
