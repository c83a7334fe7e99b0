"""How does a whole layer become a folder that opens from disk, to be searched and browsed?"""

from neurons.pages.atlas.content import AtlasContent, Column, Pictures
from neurons.pages.atlas.write import write_atlas

__all__ = ["AtlasContent", "Column", "Pictures", "write_atlas"]
