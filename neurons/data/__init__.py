"""Which images, in which order, with which pixels?

`images` opens a set, whatever it lies in; `decoding` and `preprocess` turn files into what a
network takes, and `loading` brings them in batches.
"""
