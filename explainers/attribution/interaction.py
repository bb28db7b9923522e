"""Which parts of a picture count together: the Shapley interaction of each two areas, exactly.

The picture is cut into a few areas (SLIC). Every set of them is shown to the network, the rest in grey, so that with
eight areas 256 pictures are asked. What an area adds on average over all orders is its Shapley value; what two areas
add together beyond what each adds alone is their interaction (Grabisch and Roubens 1999). Positive: they need each
other, as ears and muzzle of one face may. Negative: they say the same, so that one of them is enough.

Limits: grey areas are unlike photos; the areas follow colours, not things; a few areas are coarse. That two areas
count together does not say why.
"""

from dataclasses import dataclass
from itertools import combinations
from math import factorial

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from explainers.attribution.methods.problem import Problem
from explainers.attribution.methods.superpixels.segments import BATCH, superpixels
from explainers.base import AboutClass, Evidence, Run, Score, explainer
from explainers.evidence.baselines import blurred
from explainers.evidence.sanity import rank_correlation
from explainers.kinds import Class
from explainers.kit.targets import chosen_class, of_class
from explainers.params import ImageParams, knob
from models import ModelHandle

SHUFFLED = 200
COMPACT = 40.0  # of a few large areas; with SLIC's usual 10 they fray, and half of them are swallowed
NAME, TITLE = "background", "The same on a blurred background"
SAME = "Cannot be measured: these pairs are too few, or too much the same, to have an order."


@dataclass(frozen=True, kw_only=True)
class InteractionParams(ImageParams):
    """What can be chosen."""

    target: int | None = knob(None, kind=Class(), auto="the model's first answer", help="The class", label="Class")
    parts: int = knob(
        8, 3, 10, "Areas that the picture is cut into, about; each one more doubles the time.", label="Areas"
    )


@dataclass(frozen=True, kw_only=True)
class Interaction(AboutClass):
    """What areas add, alone and together.

    Attributes:
        image: uint8 (H, W, 3), as the model saw it.
        areas: int (H, W), the number of each pixel's area.
        value: (k,), Shapley value of each area; together they are the score of the whole picture less that of grey.
        together: (k, k), Shapley interaction of each two areas; 0 on the diagonal.
        worth: (2^k,), the score of each set; bit i of its number says whether area i is shown.
        target, label, probability: the class.
    """

    image: np.ndarray
    areas: np.ndarray
    value: np.ndarray
    together: np.ndarray
    worth: np.ndarray
    target: int
    probability: float

    @property
    def strongest(self) -> tuple[int, int]:
        """The two areas whose interaction is largest, whatever its sign."""
        first, second = np.unravel_index(int(np.abs(self.together).argmax()), self.together.shape)
        return (int(first), int(second)) if first < second else (int(second), int(first))

    @property
    def sentence(self) -> str:
        """Which two count together, and how."""
        first, second = self.strongest
        size, name = float(self.together[first, second]), self.label.split(",")[0]
        how = "count more together than apart" if size > 0 else "say the same, so that one of them is nearly enough"
        return (
            f"For *{name}*, areas {first + 1} and {second + 1} {how}: {size:+.2f} beside"
            f" {self.value[first]:+.2f} and {self.value[second]:+.2f} of their own."
        )


def measure(model: ModelHandle, params: InteractionParams, result: Interaction, run: Run) -> Evidence:
    """The same interactions with the rest blurred instead of grey, beside shuffled ones."""
    soft = model.normalise(blurred(result.image)[None])
    problem = _problem(model, result.image, result.target, run)
    _, other = indices(worths(problem, result.areas, soft))
    upper = np.triu_indices(len(other), 1)
    ours, theirs = result.together[upper], other[upper]
    agreement = rank_correlation(ours, theirs)
    if not np.isfinite(agreement):
        return Evidence(scores=(Score(name=NAME, title=TITLE, value=agreement, reading=SAME),))
    chance = np.abs([rank_correlation(run.rng.permutation(ours), theirs) for _ in range(SHUFFLED)])
    usual = float(chance.mean())
    return Evidence(
        scores=(
            Score(
                name=NAME,
                title=TITLE,
                value=agreement,
                of="these interactions",
                worst=-1.0,
                baselines={"shuffled pairs": usual},
                interval=tuple(np.percentile(chance, [2.5, 97.5]).tolist()),
                reading=f"With the hidden areas blurred instead of grey, the pairs keep their order to a rank"
                f" correlation of {agreement:.2f}; shuffled pairs have {usual:.2f} on average.",
            ),
        )
    )


@explainer("Areas together", paper="https://doi.org/10.1007/s001820050125", evidence=measure)
def interaction(model: ModelHandle, params: InteractionParams, run: Run) -> Interaction:
    """Show every set of areas; see the module's docstring."""
    view = model.view(params.image).pixels
    x = model.normalise(view[None])
    with torch.inference_mode():
        logits = model.network(x)[0].float().cpu()
    target = chosen_class(model, logits, params.target)
    areas = superpixels(x[0], params.parts, COMPACT)
    worth = worths(_problem(model, view, target, run), areas, torch.zeros_like(x))
    value, together = indices(worth)
    return Interaction(
        image=view,
        areas=areas,
        value=value,
        together=together,
        worth=worth,
        target=target,
        label=model.card.labels[target],
        probability=float(model.chances(logits)[target]),
    )


def _problem(model: ModelHandle, image: np.ndarray, target: int, run: Run) -> Problem:
    x = model.normalise(image[None])
    return Problem(model, x, of_class(model, target), rng=run.rng, report=run.report)


def subsets(players: int) -> Bool[np.ndarray, "n k"]:
    """Every set of players, by number: bit i says whether player i is in it."""
    return (np.arange(2**players)[:, None] >> np.arange(players) & 1).astype(bool)


def worths(
    problem: Problem, areas: Int[np.ndarray, "y x"], missing: Float[Tensor, "1 colours y x"]
) -> Float[np.ndarray, " n"]:
    """The score of the picture with each set of its areas shown, ``missing`` elsewhere."""
    shown = subsets(int(areas.max()) + 1)
    parts = []
    with torch.inference_mode():
        for start in range(0, len(shown), BATCH):
            problem.report(start / len(shown), f"showing sets of areas, {start} of {len(shown)}")
            mask = torch.from_numpy(shown[start : start + BATCH][:, areas]).to(problem.x.device)[:, None]
            parts.append(problem.score(torch.where(mask, problem.x, missing)).double().cpu().numpy())
    return np.concatenate(parts)


def indices(worth: Float[np.ndarray, " n"]) -> tuple[Float[np.ndarray, " k"], Float[np.ndarray, "k k"]]:
    """Shapley values, and the Shapley interaction of each two players (Grabisch and Roubens 1999, equation 4).

    Args:
        worth: of every set, by number; see `subsets`.
    """
    players = int(np.log2(len(worth)))
    number, size = np.arange(len(worth)), subsets(players).sum(1)
    alone = np.array([factorial(players - s - 1) * factorial(s) / factorial(players) for s in range(players)])
    pair = np.array([factorial(players - s - 2) * factorial(s) / factorial(players - 1) for s in range(players - 1)])
    value, together = np.zeros(players), np.zeros((players, players))
    for i in range(players):
        rest = number[(number >> i & 1) == 0]
        value[i] = alone[size[rest]] @ (worth[rest | 1 << i] - worth[rest])
    for i, j in combinations(range(players), 2):
        rest = number[(number >> i & 1) + (number >> j & 1) == 0]
        both = worth[rest | 1 << i | 1 << j] - worth[rest | 1 << i] - worth[rest | 1 << j] + worth[rest]
        together[i, j] = together[j, i] = pair[size[rest]] @ both
    return value, together
