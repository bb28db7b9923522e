"""Why two patches look alike, in words: from the fall of the likeness under each change, and its rank."""

import numpy as np
from jaxtyping import Float
from scipy.stats import rankdata

from explainers.kit.characteristics import CHARACTERISTICS

MUCH, LITTLE = 0.75, 0.25  # of the greatest fall, between which nothing is said
NOTHING = 0.01  # a fall so small, against a likeness of about 1, is none


def percentiles(phi: Float[np.ndarray, "5 p"]) -> Float[np.ndarray, "5 p"]:
    """Rank of every prototype within each characteristic: 0 for the least fall, 1 for the most; .5 for ties."""
    count = phi.shape[1]
    if count == 1:
        return np.full_like(phi, 0.5)
    return ((rankdata(phi, axis=1) - 1) / (count - 1)).astype(np.float32)


def sentence(phi: Float[np.ndarray, " 5"], percentile: Float[np.ndarray, " 5"]) -> str:
    """The reason in words: what counts is what falls, and falls more than for the picture's other prototypes.

    Args:
        phi: fall of one likeness under each change.
        percentile: its rank among the prototypes.
    """
    fall = np.where(phi > NOTHING, phi, 0)
    if not fall.any():
        return "and none of hue, saturation, contrast, texture and shape alone makes the likeness"
    weight = fall / fall.max() * (0.5 + percentile / 2)
    chief = [name for name, share in zip(CHARACTERISTICS, weight, strict=True) if share >= MUCH * weight.max()]
    minor = [name for name, share in zip(CHARACTERISTICS, weight, strict=True) if share <= LITTLE * weight.max()]
    because = f"because of its {named(chief)}"
    return f"{because}; {named(minor)} hardly {'matters' if len(minor) == 1 else 'matter'}" if minor else because


def named(names: list[str]) -> str:
    """Names as a list in a sentence."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
