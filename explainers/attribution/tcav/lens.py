"""TCAV asks how a concept of yours moves a class: does the network call it more of a zebra where it is more striped?

You bring pictures that show the concept. At a layer of the network, a linear classifier tells their activations from
those of other pictures; the normal of its plane is the concept's direction. For each picture of the class the logit's
derivative along that direction says whether more of the concept makes the class likelier. The score is the share of
pictures where it does, over several draws of the other pictures, beside directions learnt from random pictures alone.

Limits: activations are averages over the map, so where the concept stands does not count. A direction that cannot tell
the concept's pictures apart says nothing: read its accuracy first. What the pictures share beside the concept is in the
direction as well. The score counts signs, not sizes.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from explainers.attribution.tcav.directions import apart, direction, share_up
from explainers.base import AboutClass, AtLayer, Evidence, Run, Score, explainer
from explainers.kinds import Class, Images, LayerName
from explainers.kit.hooks import activations_and_gradients, frozen, layer_activations
from explainers.params import Params, knob
from models import Layer, ModelHandle
from models.errors import InputError
from models.imagesets.imageset import Picture, image_set
from models.imagesets.reader import Reader

BATCH, SHOWN, FEWEST = 16, 8, 6
SPARE = 8  # in the menagerie a class comes with the three that it is taken for
SIGNIFICANT = 0.05


@dataclass(frozen=True, kw_only=True)
class TcavParams(Params):
    """What can be chosen."""

    concept: str = knob(
        "menagerie_biased", kind=Images(), help="Pictures that show the concept: a folder.", label="Concept"
    )
    others: str = knob(
        "menagerie", kind=Images(), help="Pictures without it, which it is told apart from.", label="Other pictures"
    )
    images: str = knob("menagerie_biased", kind=Images(), help="Where pictures of the class come from.", label="Images")
    cls: int = knob(0, kind=Class(), help="The class that may be moved.", label="Class")
    layer: str | None = knob(
        None, kind=LayerName(), auto="the last map before pooling", help="Where in the network to look", more=True
    )
    limit: int = knob(40, FEWEST, 1000, "At most so many pictures of each kind.", more=True, label="Pictures")
    draws: int = knob(10, 3, 100, "Directions that are learnt, each against other pictures.", more=True)


@dataclass(frozen=True, kw_only=True)
class Tcav(AboutClass, AtLayer):
    """How a concept moves a class.

    Attributes:
        scores: (R,), share of the class's pictures whose logit grows along the concept, a draw each.
        random: (R,), the same along directions between random pictures.
        accuracy: (R,), of each direction on pictures held out. random_accuracy: (R,), of the random ones.
        slopes: (N,), mean derivative of the logit along the concept, a picture each.
        p: of a two-sided Mann-Whitney test between ``scores`` and ``random``.
        shown: uint8 (m, H, W, 3), pictures of the concept. others: uint8 (m, H, W, 3), of the others.
        moved: uint8 (k, H, W, 3), pictures of the class, the strongest derivative first.
        concept: the name of the concept. cls, label, layer: what was asked.
        counts: pictures of the concept, of the others, of the class.
    """

    scores: np.ndarray
    random: np.ndarray
    accuracy: np.ndarray
    random_accuracy: np.ndarray
    slopes: np.ndarray
    p: float
    shown: np.ndarray
    others: np.ndarray
    moved: np.ndarray
    concept: str
    cls: int
    counts: tuple[int, int, int]

    @property
    def sentence(self) -> str:
        """Whether and how it moves the class."""
        name, share, chance = self.label.split(",")[0], self.scores.mean(), self.random.mean()
        if self.p >= SIGNIFICANT:
            return (
                f"*{self.concept}* moves *{name}* no more than random directions do: {share:.0%} of its pictures go up,"
                f" {chance:.0%} along random ones (p = {self.p:.2f})."
            )
        way = "likelier" if share > chance else "less likely"
        p = "p < .001" if self.p < 0.001 else f"p = {self.p:.3f}"
        return (
            f"More of *{self.concept}* makes *{name}* {way}: {share:.0%} of its pictures go up, {chance:.0%} along"
            f" random directions ({p})."
        )


def measure(_model: ModelHandle, _params: TcavParams, result: Tcav, run: Run) -> Evidence:
    """The score and the direction's accuracy beside those of random directions."""
    run.report(0.0, "comparing with random directions")
    # A concept may move a class up or down: what counts is the distance from one half.
    strength, chance = (np.abs(part - 0.5).mean() * 2 for part in (result.scores, result.random))
    low, high = np.percentile(np.abs(result.random - 0.5) * 2, [2.5, 97.5])
    share, usual = result.scores.mean(), result.random.mean()
    run.report(0.5, "comparing with random directions")
    good, luck = float(result.accuracy.mean()), float(result.random_accuracy.mean())
    words = "The direction knows the concept" if good >= luck + 0.2 else "The direction hardly knows the concept"
    return Evidence(
        scores=(
            Score(
                name="one_sided",
                title="Moves the class one way",
                value=float(strength),
                of="this concept",
                baselines={"random directions": float(chance)},
                interval=(float(low), float(high)),
                reading=f"{share:.0%} of the pictures go up along the concept, {usual:.0%} along random directions;"
                f" 50% would say that it does not matter (p = {result.p:.3g}).",
            ),
            Score(
                name="accuracy",
                title="The direction tells the concept",
                value=good,
                of="this direction",
                baselines={"random directions": luck},
                worst=0.5,
                reading=f"{words}: it is right on {good:.0%} of the pictures held out; between random pictures"
                f" {luck:.0%}.",
            ),
        )
    )


@explainer("A concept of yours (TCAV)", paper="https://arxiv.org/abs/1711.11279", evidence=measure)
def tcav(model: ModelHandle, params: TcavParams, run: Run) -> Tcav:
    """Learn directions and ask for derivatives; see the module's docstring."""
    label, layer = model.card.labels[model.card.check_target(params.cls)], model.layer(params.layer)
    run.report(0.0, "reading pictures of the concept")
    concept, shown = _rows(model, layer, params, params.concept)
    run.report(0.3, "reading other pictures")
    others, beside = _rows(model, layer, params, params.others, 2)
    run.report(0.6, f"asking about pictures of {label}")
    slopes, members = _slopes(model, layer, params)
    run.report(0.9, "learning directions")
    learnt = [direction(concept, _some(others, len(concept), run.rng), run.rng) for _ in range(params.draws)]
    chance = [direction(*_two(others, run.rng), run.rng) for _ in range(params.draws)]
    scores, random = (np.array([share_up(slopes, one.vector) for one in group]) for group in (learnt, chance))
    along = np.mean([slopes @ one.vector for one in learnt], axis=0)
    return Tcav(
        scores=scores,
        random=random,
        accuracy=np.array([one.accuracy for one in learnt]),
        random_accuracy=np.array([one.accuracy for one in chance]),
        slopes=along,
        p=apart(scores, random),
        shown=shown,
        others=beside,
        moved=members[np.argsort(-along, kind="stable")[:SHOWN]],
        concept=image_set(params.concept, model, params.cls, most=1).title,
        cls=params.cls,
        label=label,
        layer=layer.name,
        counts=(len(concept), len(others), len(slopes)),
    )


def _some(rows: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    return rows[rng.permutation(len(rows))[: max(2, count)]]


def _two(rows: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Two halves by lot."""
    order = rng.permutation(len(rows))
    return rows[order[::2]], rows[order[1::2]]


def _pictures(model: ModelHandle, params: TcavParams, source: str, seed: int) -> Iterator[np.ndarray]:
    """Pictures of a source, batch by batch, uint8 (b, H, W, 3)."""
    images = image_set(source, model, params.cls, most=SPARE * params.limit, seed=seed)
    for batch in Reader[Picture](images.items).batches(BATCH):
        yield np.stack([picture.pixels for picture in batch])


def _rows(
    model: ModelHandle, layer: Layer, params: TcavParams, source: str, times: int = 1
) -> tuple[Float[np.ndarray, "n c"], np.ndarray]:
    """Mean activations of up to ``times`` the limit of a source's pictures, and the first few pictures.

    Raises:
        InputError: there are too few to learn from.
    """
    rows: list[np.ndarray] = []
    first: list[np.ndarray] = []
    for pixels in _pictures(model, params, source, params.seed):
        with frozen(model.network):
            maps, _ = layer_activations(model.network, layer, model.normalise(pixels))
        rows += list(maps.detach().float().mean((2, 3)).cpu().numpy().astype(np.float64))
        first += list(pixels[: SHOWN - len(first)])
        if len(rows) >= times * params.limit:
            break
    if len(rows) < FEWEST:
        raise InputError(f"'{source}' holds {len(rows)} pictures; a direction is learnt from {FEWEST} or more.")
    return np.stack(rows[: times * params.limit]), np.stack(first)


def _slopes(model: ModelHandle, layer: Layer, params: TcavParams) -> tuple[Float[np.ndarray, "n c"], np.ndarray]:
    """Derivative of the class's logit by each channel everywhere at once, for pictures that the model takes for it.

    Raises:
        InputError: the model takes none of the pictures for the class.
    """
    slopes: list[np.ndarray] = []
    members: list[np.ndarray] = []
    for pixels in _pictures(model, params, params.images, params.seed + 1):
        _, gradient, logits = activations_and_gradients(
            model.network, layer, model.normalise(pixels), lambda answer: answer[:, params.cls]
        )
        for at in np.flatnonzero(logits.argmax(1).cpu().numpy() == params.cls):
            slopes.append(gradient[at].float().sum((1, 2)).cpu().numpy().astype(np.float64))
            members.append(pixels[at])
        if len(slopes) >= params.limit:
            break
    if not slopes:
        name = model.card.labels[params.cls].split(",")[0]
        raise InputError(f"The model takes none of these pictures for {name}; choose another class or other images.")
    return np.stack(slopes[: params.limit]), np.stack(members[: params.limit])
