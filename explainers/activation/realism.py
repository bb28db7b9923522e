"""How real a generator's pictures are, beside what its chains began with: pictures of codes by lot.

Distances are in the features of a judge that took no part. Its features of real test and training pictures lie in the
generator's file; the pictures themselves do not.
"""

import numpy as np
import torch
from jaxtyping import Float

from explainers.results import Score
from models.generators.file import Trained
from models.generators.reference import diversity

NEIGHBOURS = 3  # the radius about a real picture is the distance to this one of its neighbours
Points = Float[np.ndarray, "n f"]
Others = Float[np.ndarray, "m f"]


def variety(images: np.ndarray, real: float, label: str) -> Score:
    """How unlike the pictures are, beside real ones of the class (NaN for unknown)."""
    value = diversity(torch.from_numpy(images).permute(0, 3, 1, 2).float().div_(255))
    references = {"real pictures of the class": real} if np.isfinite(real) else {}
    return Score(
        name="variety",
        title="The pictures differ",
        value=value,
        of="these pictures",
        best=max(1.0, value),
        baselines={"the same picture": 0.0, **references},
        references=tuple(references),
        reading=f"Two of these pictures differ by {value:.2f} (1 - SSIM over several scales; 0 is the same picture)"
        + (f"; two photos of {label} differ by {real:.2f}." if references else "."),
    )


def settled(gap: np.ndarray, begin: np.ndarray, mixing: np.ndarray) -> Score:
    """How well the chains stayed among codes that the prior knows."""
    value, lot = float(np.median(gap)), float(np.median(begin))
    return Score(
        name="gap",
        title="The prior knows the codes",
        value=value,
        of="these codes",
        worst=max(1.0, value, lot),
        best=0.0,
        baselines={"codes by lot": lot},
        reading=f"The denoiser would move these codes by {value:.0%} of their length, codes by lot by {lot:.0%}; a"
        f" chain forgets where it was after about {np.median(mixing):.0f} steps.",
    )


def realism(trained: Trained, drawn: Points, begin: Others) -> tuple[Score, ...]:
    """Distances to real pictures that were kept apart, and to those that were learnt from; and precision.

    Distances are in units of what real pictures kept apart have: 1 is as near as they are.

    Args:
        trained: whose file holds the features of real pictures under this judge.
        drawn: the judge's features of the pictures.
        begin: of the pictures that the chains began with.
    """
    real, learnt = (trained.record[name].cpu().numpy() for name in ("real", "learnt"))
    apart, usual = np.median(nearest(real, real, itself=True)), float(np.median(nearest(real, learnt)))
    near, lot = (float(np.median(nearest(points, real)) / apart) for points in (drawn, begin))
    copied = float(np.median(nearest(drawn, learnt))) / usual
    return (
        Score(
            name="realism",
            title="Near real pictures",
            value=near,
            of="these pictures",
            worst=max(2.0, near, lot),
            best=0.0,
            baselines={"codes by lot": lot, "real pictures": 1.0},
            references=("real pictures",),
            reading=f"To the judge the nearest real picture is {near:.2f} times as far as real pictures are from each"
            f" other; from pictures of codes by lot it is {lot:.2f} times as far.",
        ),
        _precision(*(within(points, real) for points in (drawn, begin, learnt))),
        Score(
            name="memorisation",
            title="Not copied",
            value=copied,
            of="these pictures",
            best=max(2.0, copied),
            baselines={"a copy": 0.0, "real pictures kept apart": 1.0},
            references=("real pictures kept apart",),
            reading=f"The nearest of {len(learnt)} pictures that were learnt from is {copied:.2f} times as far as it is"
            " from real pictures kept apart; 0 would be a copy.",
        ),
    )


def _precision(drawn: float, lot: float, learnt: float) -> Score:
    return Score(
        name="precision",
        title="Among real pictures",
        value=drawn,
        of="these pictures",
        baselines={"codes by lot": lot, "pictures learnt from": learnt},
        references=("pictures learnt from",),
        reading=f"{drawn:.0%} of the pictures lie no farther from a real one than its {NEIGHBOURS} nearest real"
        f" neighbours (precision); {lot:.0%} of pictures of codes by lot.",
    )


def nearest(points: Points, others: Others, *, itself: bool = False) -> Float[np.ndarray, " n"]:
    """Distance to the nearest other point; with ``itself`` the point's own place in the list is left out."""
    distances = torch.cdist(torch.from_numpy(points).float(), torch.from_numpy(others).float())
    if itself:
        distances.fill_diagonal_(float("inf"))
    return distances.min(1).values.numpy()


def within(points: Points, others: Others) -> float:
    """Share of points that lie as near to some other as that one's third neighbour (Kynkaanniemi et al. 2019).

    With real pictures as the others it is the precision of a generator; the other way round its recall.
    """
    real = torch.from_numpy(others).float()
    radii = torch.cdist(real, real).sort(1).values[:, NEIGHBOURS]  # the nearest is the point itself
    return float((torch.cdist(torch.from_numpy(points).float(), real) <= radii).any(1).float().mean())
