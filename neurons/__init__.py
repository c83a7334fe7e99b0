"""Look inside multimodal vision models: what excites a CLIP neuron, measured and shown."""

from neurons.activations import Activations
from neurons.address import Neuron
from neurons.ascent import Settings
from neurons.errors import NeuronsError
from neurons.hooks import edit, peak, watch
from neurons.images import ImageSet, images
from neurons.inference import compiled, exact, fast
from neurons.layers import layers
from neurons.model import Clip, load
from neurons.objectives import Objective
from neurons.recipes import report, visualize_to
from neurons.scan import scan
from neurons.studies.accentuate import accentuate
from neurons.studies.census import Census, census
from neurons.studies.examples import TopExamples, top_examples
from neurons.studies.facets import FacetProbes, facet_probes
from neurons.studies.groups import TopBy, top_by
from neurons.studies.spectrum import Spectrum, spectrum
from neurons.studies.visualize import Series, visualize, visualize_each
from neurons.visualization import Visualization

__all__ = [
    "Activations",
    "Census",
    "Clip",
    "FacetProbes",
    "ImageSet",
    "Neuron",
    "NeuronsError",
    "Objective",
    "Series",
    "Settings",
    "Spectrum",
    "TopBy",
    "TopExamples",
    "Visualization",
    "accentuate",
    "census",
    "compiled",
    "edit",
    "exact",
    "facet_probes",
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
    "visualize",
    "visualize_each",
    "visualize_to",
    "watch",
]
