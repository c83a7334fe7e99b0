"""What does a network represent, where, and what is left of it when parts are changed?"""
