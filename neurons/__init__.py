"""Look inside multimodal vision models: what excites a CLIP neuron, measured and shown."""

from neurons.activations import Activations
from neurons.address import Neuron
from neurons.ascent import Settings
from neurons.attacked import build_attacked
from neurons.edits import load_edit, save_edit
from neurons.errors import NeuronsError
from neurons.hooks import edit, peak, watch
from neurons.images import ImageSet, images
from neurons.inference import compiled, exact, fast
from neurons.layers import layers
from neurons.lettering import Lettering
from neurons.model import Clip, load
from neurons.objectives import Objective
from neurons.probe import Probe
from neurons.recipes import report, visualize_to
from neurons.scan import scan
from neurons.sparse.estimator import SparseProbe
from neurons.studies.accentuate import accentuate
from neurons.studies.attack import Attack, attack
from neurons.studies.blind import Blind, search_blind
from neurons.studies.causal import CausalCheck, causal_check
from neurons.studies.census import Census, census
from neurons.studies.compose import Composition, compose
from neurons.studies.defence import Defence, defend
from neurons.studies.examples import TopExamples, top_examples
from neurons.studies.facets import FacetProbes, facet_probes
from neurons.studies.groups import TopBy, top_by
from neurons.studies.hijack import Hijack, hijack
from neurons.studies.probe import probe
from neurons.studies.reads import Reads, reads
from neurons.studies.roles import Roles, roles
from neurons.studies.search import Search, search_words
from neurons.studies.spectrum import Spectrum, spectrum
from neurons.studies.stability import Stability, stability
from neurons.studies.stroop import Stroop, stroop
from neurons.studies.typography_bench import TypographyBench, bench
from neurons.studies.visualize import Series, visualize, visualize_each
from neurons.typographic_sets import typographic_set
from neurons.typography import Target
from neurons.visualization import Visualization
from neurons.zeroshot import zero_shot

__all__ = [
    "Activations",
    "Attack",
    "Blind",
    "CausalCheck",
    "Census",
    "Clip",
    "Composition",
    "Defence",
    "FacetProbes",
    "Hijack",
    "ImageSet",
    "Lettering",
    "Neuron",
    "NeuronsError",
    "Objective",
    "Probe",
    "Reads",
    "Roles",
    "Search",
    "Series",
    "Settings",
    "SparseProbe",
    "Spectrum",
    "Stability",
    "Stroop",
    "Target",
    "TopBy",
    "TopExamples",
    "TypographyBench",
    "Visualization",
    "accentuate",
    "attack",
    "bench",
    "build_attacked",
    "causal_check",
    "census",
    "compiled",
    "compose",
    "defend",
    "edit",
    "exact",
    "facet_probes",
    "fast",
    "hijack",
    "images",
    "layers",
    "load",
    "load_edit",
    "peak",
    "probe",
    "reads",
    "report",
    "roles",
    "save_edit",
    "scan",
    "search_blind",
    "search_words",
    "spectrum",
    "stability",
    "stroop",
    "top_by",
    "top_examples",
    "typographic_set",
    "visualize",
    "visualize_each",
    "visualize_to",
    "watch",
    "zero_shot",
]
