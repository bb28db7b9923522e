"""Polynomial mutation: a small step of a value between bounds, rarely a large one.

Deb and Goyal 1996, "A combined genetic adaptive search (GeneAS) for engineering design"; the step is a share of the
range between the bounds, and the larger ``eta`` is, the smaller it is: 90% are below ``1 - 0.1 ** (1 / (eta + 1))``.
"""

import numpy as np
from jaxtyping import Float

ETA = 15.0


def steps(count: int, rng: np.random.Generator, *, eta: float = ETA) -> Float[np.ndarray, " count"]:
    """Steps (count,) as shares of the range, in (-1, 1), symmetric about 0, with density ``(eta+1)/2 (1-|d|)^eta``."""
    u = rng.random(count)
    down = (2 * u) ** (1 / (eta + 1)) - 1
    up = 1 - (2 * (1 - u)) ** (1 / (eta + 1))
    return np.where(u < 0.5, down, up)
