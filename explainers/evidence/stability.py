"""Does the map stay when the picture hardly changes?"""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float


def max_sensitivity(
    explain: Callable[[np.ndarray], np.ndarray],
    x: Float[np.ndarray, "*shape"],
    rng: np.random.Generator,
    radius: float = 0.02,
    samples: int = 8,
) -> float:
    """Max over x' of |E(x') - E(x)| / |E(x)|, x' within ``radius`` of x in each value (Yeh et al. 2019, definition 3).

    Args:
        explain: an input -> its map.
        x: the input.
        rng: seeds the draws.
        radius: of the box around x, in units of x.
        samples: how many x' are tried.

    Returns:
        0 for a map that does not move; NaN for one that is zero or not finite.
    """
    clean = explain(x)
    size = float(np.linalg.norm(clean))
    if not np.isfinite(size) or size == 0:
        return float("nan")
    moved = (explain(x + rng.uniform(-radius, radius, x.shape).astype(x.dtype)) for _ in range(samples))
    return max(float(np.linalg.norm(each - clean)) / size for each in moved)
