"""Which CLIP is it, which layers has it, and how is it run?"""
