"""Occlusion and RISE: cover parts of the picture and watch the score. Nearly all of their time is in forward passes."""

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from explainers.attribution.methods.problem import Attribution, Problem, of_pixels

BATCH = 16
WINDOW, CELLS, KEPT = 8, 7, 0.5


def occlusion(problem: Problem) -> Attribution:
    """Loss of score when a grey square hides a place, averaged over the squares that hide it (Zeiler and Fergus 2013).

    The square is an eighth of each side and moves by half of itself.
    """
    rows, columns = problem.x.shape[2:]
    window = max(1, rows // WINDOW), max(1, columns // WINDOW)
    tops, lefts = (_starts(side, size) for side, size in zip((rows, columns), window, strict=True))
    places = [(top, left) for top in tops for left in lefts]
    total, hidden = torch.zeros(rows, columns), torch.zeros(rows, columns)
    with torch.inference_mode():
        whole = float(problem.score(problem.x))
        for start in range(0, len(places), BATCH):
            problem.report(start / len(places), f"hiding place {start + 1} of {len(places)}")
            group = places[start : start + BATCH]
            covered = problem.x.repeat(len(group), 1, 1, 1)
            for row, (top, left) in enumerate(group):
                covered[row, :, top : top + window[0], left : left + window[1]] = 0
            for (top, left), score in zip(group, problem.score(covered).tolist(), strict=True):
                total[top : top + window[0], left : left + window[1]] += whole - score
                hidden[top : top + window[0], left : left + window[1]] += 1
    return of_pixels(_spread(total / hidden.clamp(min=1), problem.x))


def _starts(side: int, window: int) -> list[int]:
    """Where windows begin: every half window, the last one flush with the border."""
    step = max(1, window // 2)
    return sorted({*range(0, side - window, step), side - window})


def rise(problem: Problem) -> Attribution:
    """sum_i (y_i - mean y) M_i / (N p (1 - p)) over N random masks M_i (after Petsiuk et al. 2018, section 3.2).

    The paper's estimate weighs masks by y_i; less its mean, the sum is signed and free of how often a place was shown.
    """
    rows, columns = problem.x.shape[2:]
    masks, scores = [], []
    with torch.inference_mode():
        for start in range(0, problem.samples, BATCH):
            problem.report(start / problem.samples, f"random mask {start + 1} of {problem.samples}")
            part = random_masks(problem.rng, min(BATCH, problem.samples - start), (rows, columns))
            scores.append(problem.score(problem.x * part.to(problem.x)[:, None]))
            masks.append(part.to(torch.float16))  # 256 levels would do; 512 masks of 224 x 224 take 51 MB
    score = torch.cat(scores).double().cpu()
    weight = (score - score.mean()) / (len(score) * KEPT * (1 - KEPT))
    total = torch.zeros(rows, columns, dtype=torch.float64)
    for index, part in enumerate(masks):
        total += torch.einsum("n,nyx->yx", weight[index * BATCH : index * BATCH + len(part)], part.double())
    return of_pixels(_spread(total.float(), problem.x))


def random_masks(rng: np.random.Generator, count: int, size: tuple[int, int]) -> Float[Tensor, "n y x"]:
    """Masks in [0, 1]: `CELLS` x `CELLS` random cells, kept with probability `KEPT`, enlarged and shifted at random."""
    cell = [-(-side // CELLS) for side in size]
    coarse = torch.from_numpy((rng.random((count, 1, CELLS + 1, CELLS + 1)) < KEPT).astype(np.float32))
    large = F.interpolate(coarse, size=[(CELLS + 1) * side for side in cell], mode="bilinear", align_corners=False)[
        :, 0
    ]
    shifts = [rng.integers(0, side, count) for side in cell]
    cut = [large[row, y : y + size[0], x : x + size[1]] for row, (y, x) in enumerate(zip(*shifts, strict=True))]
    return torch.stack(cut)


def _spread(values: Float[Tensor, "y x"], like: Tensor) -> Float[Tensor, "colours y x"]:
    """One value a place, shared by the three colours so that their sum is the value."""
    return (values / like.shape[1]).expand(like.shape[1], -1, -1).to(like)
