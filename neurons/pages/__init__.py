"""How do answers become pages that open from disk?"""

from neurons.pages.page import Page
from neurons.pages.page_files import check_page_file
from neurons.pages.single import single_file, write_single
from neurons.pages.site import write

__all__ = ["Page", "check_page_file", "single_file", "write", "write_single"]
