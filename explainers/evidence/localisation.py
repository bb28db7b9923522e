"""Does the picture point at the thing? Needs to know where the thing is: boxes, masks, or the menagerie's parts."""

import numpy as np
from jaxtyping import Bool, Float
from scipy.ndimage import distance_transform_edt, find_objects, label

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


def pointing_recall(
    heatmap: Float[np.ndarray, "h w"],
    mask: Bool[np.ndarray, "h w"],
    *,
    threshold: int | float,
    tolerance: int | float = 15,
) -> float:
    """The pointing game with the right to say "not there" (Selvaraju et al. 2017, section 4.3).

    ``heatmap`` is not scaled: where its maximum stays below ``threshold`` the class is taken for absent. 1 when a
    present class is pointed at, or an absent one (empty mask) is taken for absent; NaN for values that are not numbers.
    """
    if not np.isfinite(heatmap).all() or heatmap.size == 0:
        return float("nan")
    absent = bool(heatmap.max() < threshold)
    if absent or not mask.any():
        return float(absent and not mask.any())
    hit = pointing_game(heatmap, mask, tolerance=tolerance)
    return 0.0 if np.isnan(hit) else hit


def largest_blob(heatmap: Float[np.ndarray, "h w"], share: float = 0.15) -> tuple[int, int, int, int] | None:
    """Left, top, right, bottom around the largest connected part above ``share`` of the maximum; None if no order."""
    if unordered(heatmap) or heatmap.max() <= 0:
        return None
    parts, count = label(heatmap >= share * heatmap.max())
    sizes = np.bincount(parts.ravel(), minlength=count + 1)[1:]
    rows, columns = find_objects(parts)[int(sizes.argmax())]
    return int(columns.start), int(rows.start), int(columns.stop), int(rows.stop)


def iou(a: tuple[int | float, ...], b: tuple[int | float, ...]) -> float:
    """Intersection over union of two boxes (left, top, right, bottom)."""
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    shared = max(0, width) * max(0, height)
    whole = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared
    return shared / whole if whole > 0 else 0.0


def weak_localisation(heatmap: Float[np.ndarray, "h w"], boxes: list[tuple[int | float, ...]]) -> float:
    """1 when the box around the map's largest blob at 15% of its maximum overlaps a true box with IoU > 0.5, else 0.

    Selvaraju et al. 2017, section 4.1. NaN for a map without an order, or without a true box: never a hit.
    """
    blob = largest_blob(heatmap)
    if blob is None or not boxes:
        return float("nan")
    return float(max(iou(blob, box) for box in boxes) > 0.5)
