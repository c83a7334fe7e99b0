"""Look inside multimodal vision models: what excites a CLIP neuron, measured and shown."""

from neurons.activations import Activations
from neurons.address import Neuron
from neurons.hooks import edit, watch
from neurons.images import ImageSet, images
from neurons.inference import compiled, exact, fast
from neurons.layers import layers
from neurons.model import Clip, load
from neurons.recipes import report
from neurons.scan import scan
from neurons.studies.examples import top_examples
from neurons.studies.spectrum import spectrum

__all__ = [
    "Activations",
    "Clip",
    "ImageSet",
    "Neuron",
    "compiled",
    "edit",
    "exact",
    "fast",
    "images",
    "layers",
    "load",
    "report",
    "scan",
    "spectrum",
    "top_examples",
    "watch",
]
