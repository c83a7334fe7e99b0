"""The miniature: a drawn world whose truth is known, and a small CLIP that was trained on it.

``neurons.load("miniature")`` loads the model, ``neurons.images("miniature")`` the labelled
pictures; `World` draws more.
"""

from neurons.drawn_world.concepts import Concept
from neurons.drawn_world.items import SEEN, UNSEEN, Look
from neurons.drawn_world.world import Picture, Thing, World

__all__ = ["SEEN", "UNSEEN", "Concept", "Look", "Picture", "Thing", "World"]
