"""What is shown of a bank: small pictures of its images, and the crops in which each concept is strongest."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int, UInt8
from PIL import Image

from explainers.kit.crops import cut, small
from models.imagesets.imageset import Picture

CROPS = 8


@dataclass(frozen=True)
class Best:
    """Crops of each concept, the strongest first; from as many images as there are, each image once a concept.

    Attributes:
        crops: uint8 (k, m, s, s, 3).
        of: int (k, m), the image that each is of.
    """

    crops: np.ndarray
    of: np.ndarray


def thumbnails(pictures: tuple[Picture, ...]) -> UInt8[np.ndarray, "n s s 3"]:
    """Every picture, small; those that are not square are stretched, as their maps are."""
    return np.stack([small(picture.pixels) for picture in pictures])


def best_crops(pictures: tuple[Picture, ...], codes: Float[np.ndarray, "n h w k"]) -> Best:
    """The `CROPS` images in which a cell of the concept is strongest, cut out about that cell."""
    n, h, w, k = codes.shape
    flat = codes.reshape(n, h * w, k)
    many = min(CROPS, n)
    of = np.argsort(-flat.max(1), axis=0, kind="stable")[:many].T
    crops = [
        [small(cut(pictures[i].pixels, divmod(int(flat[i, :, j].argmax()), w), (h, w))) for i in of[j]]
        for j in range(k)
    ]
    return Best(np.array(crops, np.uint8), of.astype(np.int64))


def resized(pixels: UInt8[np.ndarray, "y x 3"], size: tuple[int, ...]) -> UInt8[np.ndarray, "h w 3"]:
    """A picture of so many rows and columns."""
    return np.asarray(Image.fromarray(pixels).resize((size[1], size[0]), Image.Resampling.BILINEAR))


def thresholds(codes: Float[np.ndarray, "n h w k"]) -> Float[np.ndarray, " k"]:
    """The 90th percentile of each concept over all places of all images: what a heat map draws lies above it."""
    return np.asarray(np.percentile(codes.reshape(-1, codes.shape[-1]), 90, axis=0).astype(np.float32))


def top_of(scores: Float[np.ndarray, "n k"]) -> Int[np.ndarray, " n"]:
    """The concept that supports the class most in each image."""
    return np.asarray(scores.argmax(1))
