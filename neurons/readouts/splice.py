"""Which few words of a list add up to a vector of the joint space, as SpLiCE does it?"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import Lasso

from neurons.readouts.unit_directions import unit_length

Vectors = NDArray[np.float32]


def splice(atoms: Vectors, target: Vectors, strength: float) -> NDArray[np.float64]:
    """Minimise ``||w @ atoms - target||^2 + 2 strength |w|_1`` over ``w >= 0``.

    Parameters
    ----------
    atoms : ndarray of float32, (words, embedding)
        Of length 1, centred by their modality: `centred_units`.
    target : ndarray of float32, (embedding,)
        Of length 1, centred by its own modality.
    strength : float in (0, 1)
        Larger: fewer words. A word is used only if its product with what the others leave
        reaches this.

    Returns
    -------
    ndarray of float64, (words,)

    References
    ----------
    Bhalla et al., "Interpreting CLIP with sparse linear concept embeddings (SpLiCE)", NeurIPS 2024.
    """
    # scikit-learn minimises 1 / (2 n) ||..||^2 + alpha |w|_1, where n counts dimensions
    fitted = Lasso(
        alpha=strength / len(target), positive=True, fit_intercept=False, max_iter=20_000, tol=1e-6
    ).fit(atoms.T.astype(np.float64), target.astype(np.float64))
    found: NDArray[np.float64] = fitted.coef_
    return found


def centred_units(vectors: Vectors, mean: Vectors) -> Vectors:
    """Take away what a modality has in common, and give each vector length 1.

    Parameters
    ----------
    vectors : ndarray of float32, (n, embedding)
        Of length 1, as they come.
    mean : ndarray of float32, (embedding,)
        Of the modality: of the list's texts, or of the run's images.

    Notes
    -----
    Texts lie in one narrow cone and images in another. Without centring, words are fitted to what
    the two cones have in common, and not to what a vector shows.

    References
    ----------
    Liang et al., "Mind the gap: understanding the modality gap in multi-modal contrastive
    representation learning", NeurIPS 2022.
    """
    moved = vectors - mean
    return unit_length(moved)


def explained(atoms: Vectors, target: Vectors, weights: NDArray[np.float64]) -> float:
    """Give the cosine of a sum of words with its target; 0 if no word is used."""
    made = weights @ atoms
    length = float(np.linalg.norm(made) * np.linalg.norm(target))
    return float(made @ target) / length if length > 0 else 0.0
