"""One hue a concept: eight that colour-blind eyes can tell apart, then grey."""

import numpy as np

# Okabe and Ito 2008, their black replaced by a brown that is seen on dark ground too.
HUES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8C6D31", "#B3A600")
GREY = "#8a8f98"


def colour(concept: int) -> str:
    """The hue of a concept by its rank."""
    return HUES[concept] if concept < len(HUES) else GREY


def rgb(concept: int) -> tuple[int, int, int]:
    """The same as numbers."""
    text = colour(concept)
    return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)


def tinted(image: np.ndarray, codes: np.ndarray, threshold: float, concept: int) -> np.ndarray:
    """A picture (s, s, 3) greyed where a concept (h, w) is below its threshold, in its hue where above.

    The strength of the hue grows from the threshold to the greatest value in this picture.
    """
    height, width = image.shape[:2]
    heat = _smooth(codes, (height, width))
    top = float(codes.max())
    share = np.clip((heat - threshold) / max(top - threshold, 1e-9), 0, 1) if top > threshold else np.zeros_like(heat)
    grey = image.mean(2, keepdims=True)
    alpha = (0.62 * np.sqrt(share))[..., None]
    base = np.where(share[..., None] > 0, image, 0.55 * grey + 0.2 * image + 50)
    hue = np.array(rgb(concept), np.float64)
    return np.asarray(np.clip(base * (1 - alpha) + hue * alpha, 0, 255).astype(np.uint8))


def _smooth(codes: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A map of cells on pixels, bilinear."""
    ys, xs = (
        np.clip((np.arange(side) + 0.5) * cells / side - 0.5, 0, cells - 1)
        for side, cells in zip(size, codes.shape, strict=True)
    )
    y0, x0 = np.floor(ys).astype(int), np.floor(xs).astype(int)
    y1, x1 = np.minimum(y0 + 1, codes.shape[0] - 1), np.minimum(x0 + 1, codes.shape[1] - 1)
    fy, fx = (ys - y0)[:, None], (xs - x0)[None, :]
    top = codes[y0][:, x0] * (1 - fx) + codes[y0][:, x1] * fx
    low = codes[y1][:, x0] * (1 - fx) + codes[y1][:, x1] * fx
    return np.asarray(top * (1 - fy) + low * fy)
