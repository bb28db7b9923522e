"""How alike maps are, whoever made them."""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float
from scipy.stats import rankdata
from torch.nn.functional import adaptive_avg_pool2d

CELLS = 14


def agreement(maps: Sequence[np.ndarray], cells: int = CELLS) -> Float[np.ndarray, "n n"]:
    """Spearman's rank correlation of each two maps (H, W), on a coarse grid so that single pixels do not count.

    A map without an order agrees with nothing, itself included: 0.
    """
    size = tuple(min(cells, side) for side in maps[0].shape)
    stacked = torch.from_numpy(np.stack(maps).astype(np.float64))[:, None]
    ranks = np.stack([rankdata(coarse) for coarse in adaptive_avg_pool2d(stacked, size).numpy()])
    centred = ranks - ranks.mean(1, keepdims=True)
    length = np.linalg.norm(centred, axis=1, keepdims=True)
    unit = centred / np.where(length > 0, length, 1)
    return np.asarray(unit @ unit.T)
