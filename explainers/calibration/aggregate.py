"""Marks a picture -> their mean with its interval."""

import numpy as np
from jaxtyping import Float

DRAWS = 500


def mean_and_interval(
    marks: Float[np.ndarray, "c n"], seed: int
) -> tuple[Float[np.ndarray, " c"], Float[np.ndarray, " c"], Float[np.ndarray, " c"]]:
    """Mean over pictures and its 95% interval by bootstrap (Efron 1979, percentile); NaN where there is no mark."""
    rng = np.random.default_rng(seed)
    rows = rng.integers(marks.shape[1], size=(DRAWS, marks.shape[1]))
    known = np.isfinite(marks)
    zeroed = np.where(known, marks, 0.0)
    counts = known[:, rows].sum(2)
    means = np.where(counts > 0, zeroed[:, rows].sum(2) / np.maximum(counts, 1), np.nan)
    mean = np.where(known.any(1), zeroed.sum(1) / np.maximum(known.sum(1), 1), np.nan)
    low, high = (np.array([_percentile(row, at) for row in means]) for at in (2.5, 97.5))
    return mean, low, high


def _percentile(values: Float[np.ndarray, " d"], at: float) -> float:
    finite = values[np.isfinite(values)]
    return float(np.percentile(finite, at)) if finite.size else float("nan")
