"""Does the picture point at the thing? Needs to know where the thing is: boxes, masks, or the menagerie's parts."""

import numpy as np
from jaxtyping import Bool, Float
from scipy.ndimage import distance_transform_edt

from explainers.evidence.faithfulness import unordered


def pointing_game(
    heatmap: Float[np.ndarray, "h w"], mask: Bool[np.ndarray, "h w"], *, tolerance: int | float = 15
) -> float:
    """1 when the brightest pixel lies within ``tolerance`` pixels of the mask, else 0 (Zhang et al. 2016).

    Ties for the brightest share the point equally. NaN for a map without an order or an empty mask: never a hit.
    """
    if unordered(heatmap) or not mask.any():
        return float("nan")
    near = distance_transform_edt(~mask) <= tolerance
    return float(near[heatmap == heatmap.max()].mean())


def energy_inside(heatmap: Float[np.ndarray, "h w"], mask: Bool[np.ndarray, "h w"]) -> float:
    """Share of the map's positive sum that lies inside the mask (Wang et al. 2020, energy-based pointing game)."""
    positive = np.clip(heatmap, 0, None)
    total = float(positive.sum())
    return float(positive[mask].sum()) / total if np.isfinite(total) and total > 0 and mask.any() else float("nan")
