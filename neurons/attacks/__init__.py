"""What do written words do to a model's answers, and through which units?"""
