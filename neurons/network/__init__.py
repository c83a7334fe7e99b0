"""Which CLIP is it, which layers does it have, and how is it run on images?

`clip` loads a model and `layers` lists what can be read of it. `hooks` is the only way into a
running network, and `engine` the only loop that runs one on many images.
"""
