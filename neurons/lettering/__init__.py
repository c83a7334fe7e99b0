"""How is a word written on pixels?"""
