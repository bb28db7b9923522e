"""Concepts held to the truth: which part of the menagerie's animals each one lies on.

Overlap is intersection over union of two sets of pixels over all images: those where the concept's map is among its
brightest, as many as the part has, and those of the part. Concepts and parts are matched one to one for the greatest
sum (Hungarian). Random directions, and cells of the same images drawn by lot, are matched in the same way; and so are
the parts themselves, which tells how much this grid allows.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, UInt8
from scipy.optimize import linear_sum_assignment

from explainers.concepts.bank.collect import Members
from explainers.concepts.bank.learn import cells, encode
from explainers.kit.dictionaries import Dictionary
from explainers.kit.dictionaries.base import unit
from models.menagerie import PARTS

DRAWS, CELL_DRAWS, IMAGES = 20, 5, 40


@dataclass(frozen=True)
class Parts:
    """How concepts meet the true parts.

    Attributes:
        overlap: float32 (k, P), share of intersection over union.
        matched: name of the part matched to each concept; empty for none, and where another part fits it better or one
            random dictionary in twenty has a direction that fits the part as well.
        score: mean overlap of the matched pairs.
        chance: the same of dictionaries of random directions.
        cells: the same of dictionaries of cells drawn by lot, which are real activations.
        best: the same of the parts themselves, on this grid.
    """

    overlap: np.ndarray
    matched: tuple[str, ...]
    score: float
    chance: float
    cells: float
    best: float


NOTHING = Parts(np.zeros((0, 0), np.float32), (), 0.0, 0.0, 0.0, 0.0)


def against_truth(members: Members, codes: Float[np.ndarray, "n h w k"], seed: int) -> Parts:
    """Match concepts to the parts; `NOTHING` for photos, whose parts are not known."""
    owners = np.stack([picture.owners for picture in members.pictures])
    if not owners.size:
        return NOTHING
    overlap = overlaps(codes, owners)
    drawn = {
        kind: [_drawn(members, codes, (owners, kind), seed + draw) for draw in range(draws)]
        for kind, draws in (("directions", DRAWS), ("cells", CELL_DRAWS))
    }
    floor = np.percentile([table.max(0) for table in drawn["directions"]], 95, axis=0)  # matching takes the best of k
    rows, columns = linear_sum_assignment(-overlap)
    names = [""] * len(overlap)
    for row, column in zip(rows, columns, strict=True):
        names[row] = PARTS[column] if column == overlap[row].argmax() and overlap[row, column] > floor[column] else ""
    best = overlaps(_masks(owners, codes.shape[1:3]), owners).diagonal().mean()
    score = float(overlap[rows, columns].mean())
    chance = {kind: float(np.mean([_matched(each) for each in tables])) for kind, tables in drawn.items()}
    return Parts(overlap, tuple(names), score, chance["directions"], chance["cells"], float(best))


def overlaps(codes: Float[np.ndarray, "n h w k"], owners: UInt8[np.ndarray, "n y x"]) -> Float[np.ndarray, "k parts"]:
    """Intersection over union of each concept with each part, on the grid of the codes.

    A cell holds the share of its pixels that are the part's; a concept takes its strongest cells until it has as much
    of the pictures as the part has.
    """
    flat, parts = codes.reshape(-1, codes.shape[-1]), _masks(owners, codes.shape[1:3]).reshape(-1, len(PARTS))
    order = np.argsort(-flat, axis=0, kind="stable")
    shares = np.zeros((flat.shape[1], len(PARTS)), np.float32)
    for p, size in enumerate(parts.sum(0)):
        taken = max(1, round(float(size)))
        for j in range(flat.shape[1]):
            common = float(parts[order[:taken, j], p].sum())
            shares[j, p] = common / (taken + float(size) - common)
    return shares


def _masks(owners: np.ndarray, grid: tuple[int, ...]) -> np.ndarray:
    """Share of each cell that is each part's, (N, h, w, P)."""
    return np.stack([_shares(owners == part + 1, grid) for part in range(len(PARTS))], -1)


def _shares(mask: np.ndarray, grid: tuple[int, ...]) -> np.ndarray:
    """Share of each cell of the grid that the mask covers."""
    edges = [np.arange(cells) * side // cells for cells, side in zip(grid, mask.shape[1:], strict=True)]
    sums = np.add.reduceat(np.add.reduceat(mask.astype(np.float32), edges[0], axis=1), edges[1], axis=2)
    sizes = [np.diff([*edge, side]) for edge, side in zip(edges, mask.shape[1:], strict=True)]
    return np.asarray(sums / (sizes[0][:, None] * sizes[1][None, :]))


def _matched(overlap: np.ndarray) -> float:
    """Mean overlap of the pairs matched one to one."""
    return float(overlap[linear_sum_assignment(-overlap)].mean())


def _drawn(members: Members, codes: np.ndarray, drawn: tuple[np.ndarray, str], seed: int) -> np.ndarray:
    """Overlaps (k, P) of a dictionary drawn by lot: of random directions, or of cells of the same images."""
    owners, kind = drawn
    rng, k = np.random.default_rng(seed), codes.shape[-1]
    maps, owners = members.maps[:IMAGES], owners[:IMAGES]
    rows = cells(maps).reshape(-1, maps.shape[1])
    if kind == "cells":
        atoms = rows[rng.choice(len(rows), k, replace=len(rows) < k)]
    else:
        atoms = np.abs(rng.standard_normal((k, rows.shape[1]))).astype(rows.dtype)
    return overlaps(encode(Dictionary("random", unit(atoms)), maps), owners)
