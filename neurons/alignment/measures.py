"""Which measures of alignment are there?"""

from __future__ import annotations

from neurons.alignment.cka import Cka
from neurons.alignment.measure import Measure

MEASURES: tuple[Measure, ...] = (Cka(),)
