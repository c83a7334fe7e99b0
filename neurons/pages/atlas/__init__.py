"""How does a whole layer become a folder that opens from disk, to be searched and browsed?"""

from neurons.pages.atlas.content import AtlasContent, Column, Pictures

__all__ = ["AtlasContent", "Column", "Pictures"]
