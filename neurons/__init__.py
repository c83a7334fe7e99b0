"""Look inside multimodal vision models: what excites a CLIP neuron, measured and shown."""

from neurons.activations import Activations
from neurons.address import Neuron
from neurons.errors import NeuronsError
from neurons.hooks import edit, peak, watch
from neurons.images import ImageSet, images
from neurons.inference import compiled, exact, fast
from neurons.layers import layers
from neurons.model import Clip, load
from neurons.recipes import report
from neurons.scan import scan
from neurons.studies.census import Census, census
from neurons.studies.examples import TopExamples, top_examples
from neurons.studies.groups import TopBy, top_by
from neurons.studies.spectrum import Spectrum, spectrum

__all__ = [
    "Activations",
    "Census",
    "Clip",
    "ImageSet",
    "Neuron",
    "NeuronsError",
    "Spectrum",
    "TopBy",
    "TopExamples",
    "census",
    "compiled",
    "edit",
    "exact",
    "fast",
    "images",
    "layers",
    "load",
    "peak",
    "report",
    "scan",
    "spectrum",
    "top_by",
    "top_examples",
    "watch",
]
