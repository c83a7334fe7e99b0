"""Which few units make a class, and does the network need them?"""
