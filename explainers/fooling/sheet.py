"""Champions side by side, small: what is seen while evolution runs, and in lists."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float, Int, UInt8

from explainers.fooling.encodings import Encoding

SIDE, ACROSS = 48, 10  # pixels of a small picture; pictures a row and rows a sheet
GAP, GROUND = 2, 128


def shown(confidence: Float[np.ndarray, " k"]) -> Int[np.ndarray, " n"]:
    """The classes on a sheet: all where they fit, in their order, else the most confident."""
    if len(confidence) <= ACROSS**2:
        return np.arange(len(confidence))
    return np.argsort(-confidence, kind="stable")[: ACROSS**2]


def contact_sheet(small: UInt8[np.ndarray, "n s s 3"]) -> UInt8[np.ndarray, "h w 3"]:
    """Pictures in rows of `ACROSS`, on grey."""
    count, side = len(small), small.shape[1]
    across = min(ACROSS, count)
    rows = -(-count // across)
    cell = side + GAP
    sheet = np.full((rows * cell - GAP, across * cell - GAP, 3), GROUND, np.uint8)
    for at, picture in enumerate(small):
        down, right = (at // across) * cell, (at % across) * cell
        sheet[down : down + side, right : right + side] = picture
    return sheet


def preview(encoding: Encoding[Any], genomes: Sequence[Any]) -> UInt8[np.ndarray, "h w 3"]:
    """Champions so far, small."""
    return contact_sheet(encoding.thumbnails(genomes, SIDE))
