"""Which measures of alignment are there?"""

from __future__ import annotations

from neurons.alignment.cka import Cka
from neurons.alignment.measure import Measure
from neurons.alignment.neighbours import Neighbours
from neurons.alignment.predictivity import Ridge
from neurons.alignment.procrustes import Procrustes
from neurons.alignment.rsa import RhoA, Rsa

MEASURES: tuple[Measure, ...] = (Cka(), Rsa(), Ridge(), Procrustes(), Neighbours())

# also those that differ from one of the above in rare cases only
EVERY_MEASURE: tuple[Measure, ...] = (*MEASURES, RhoA())
