"""How do answers become pages that open from disk?"""

from neurons.pages.site import Page, write, write_single

__all__ = ["Page", "write", "write_single"]
