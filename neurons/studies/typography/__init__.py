"""Which written words take a model over, and what stops them?"""
