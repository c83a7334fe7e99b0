"""The miniature: a drawn world whose truth is known, and a small CLIP that was trained on it.

``neurons.load("miniature")`` loads the model, ``neurons.images("miniature")`` the labelled
pictures; `World` draws more.
"""

from neurons.miniature.concepts import Concept
from neurons.miniature.scenes import SEEN, UNSEEN, Look
from neurons.miniature.world import Picture, Thing, World

__all__ = ["SEEN", "UNSEEN", "Concept", "Look", "Picture", "Thing", "World"]
