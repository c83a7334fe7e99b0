"""What of a drawn page is left where there is no room for a second picture of each image?"""

from __future__ import annotations

import re

# the part around the peak, cut out as a picture of its own or by the page
_CROPPED = re.compile(r'<div class="pic cropped[^"]*".*?</div>\s*', re.DOTALL)
_SWITCH = re.compile(r'<label class="switch">.*?</label>\s*', re.DOTALL)


def without_crops(html: str) -> str:
    """Leave out the crops around the peaks, and the switch that shows them; the boxes stay."""
    return _SWITCH.sub("", _CROPPED.sub("", html))
