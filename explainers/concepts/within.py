"""What one concept is made of: a beak of its tip and its base, found one layer earlier.

The places where a concept of the bank is strongest are cut out, brought to the network's full size and put through it
by themselves, as CRAFT does. Their activations at an earlier layer, where the network still tells apart what it later
takes as one, are factorised into a few parts. How much of the concept each part explains is read off a non-negative
regression of the concept's own activation in the crops on the parts.

Limits: a cut-out is seen without its surroundings and larger than it was. Only crops with much of the concept are
looked at, so that the regression tells why it is stronger here than there, and not why it is there at all. A part that
is in every crop alike explains no difference: it goes to the constant rest.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from scipy.optimize import nnls

from explainers.base import AboutClass, AtLayer, Evidence, Run, Score, explainer
from explainers.concepts.bank.crops import CROPS, resized
from explainers.concepts.bank.evidence import dictionary_of
from explainers.concepts.bank.lens import Concepts
from explainers.concepts.bank.params import ConceptsParams
from explainers.concepts.bank.reload import reload
from explainers.concepts.load import kept_bank
from explainers.kinds import LayerName
from explainers.kit import dictionaries, metrics
from explainers.kit.crops import cut, small
from explainers.kit.dictionaries import checked, suitable
from explainers.kit.hooks import record_output
from explainers.kit.metrics import r2
from explainers.kit.tail import pick
from explainers.params import knob
from models import Layer, ModelHandle
from models.errors import InputError
from models.imagesets.imageset import Picture

BATCH = 16
DRAWS = 50
OF = "these parts"
MOST, EACH = 200, 3  # crops in all, and of one image


@dataclass(frozen=True, kw_only=True)
class WithinParams(ConceptsParams):
    """What can be chosen."""

    concept: int = knob(0, 0, 49, "Which concept of the bank, the most important is 0.", label="Concept")
    parts: int = knob(3, 1, 10, "How many parts to look for in it.", label="Parts")
    at: str | None = knob(
        None,
        kind=LayerName(),
        auto="the last block before the bank's of another shape",
        help="The earlier layer",
        more=True,
    )


@dataclass(frozen=True, kw_only=True)
class Within(AboutClass, AtLayer):
    """The parts of a concept, those that explain most of it first.

    Attributes:
        dictionary: (p, C'), at the earlier layer. codes: (n, p), of the crops.
        target: (n,), the concept's own activation in each crop. fitted: (n,), what the parts make of it.
        share: (p,), of the mean activation that each part explains. rest: the share of the constant. weights: (p,).
        crops: uint8 (p, m, s, s, 3), those with most of each part. crop_of: int (p, m), the bank's image of each.
        cells: int (n, 3), image, row and column of each crop. reconstruction: relative error at the earlier layer.
        r2: of the fit. concept, name, cls, label, layer: whose parts. earlier: the layer of the parts. method: how.
    """

    dictionary: np.ndarray
    codes: np.ndarray
    target: np.ndarray
    fitted: np.ndarray
    share: np.ndarray
    weights: np.ndarray
    crops: np.ndarray
    crop_of: np.ndarray
    cells: np.ndarray
    rest: float
    r2: float
    reconstruction: float
    concept: int
    name: str
    cls: int
    earlier: str
    method: str

    @property
    def sentence(self) -> str:
        """What the first part explains."""
        count = len(self.share)
        return (
            f"In {self.name} of *{self.label.split(',')[0]}*, the first of {count} part{'' if count == 1 else 's'}"
            f" explains {self.share[0]:.0%} of the activation; together they explain {self.r2:.0%} of how it varies"
            f" over {len(self.cells)} crops."
        )


def measure_within(_model: ModelHandle, _params: Any, result: Within, run: Run) -> Evidence:
    """The fit beside that of the same parts to crops in another order; and how well the parts rebuild the layer."""
    run.report(0.0, "shuffling the crops")
    design = np.column_stack([result.codes, np.ones(len(result.codes))]).astype(np.float64)
    drawn = []
    for _ in range(DRAWS):
        target = run.rng.permutation(result.target).astype(np.float64)
        drawn.append(r2(target[:, None], (design @ nnls(design, target)[0])[:, None]))
    run.report(0.9, "reading the reconstruction")
    chance = float(np.mean(drawn))
    return Evidence(
        scores=(
            Score(
                name="fit",
                title="They explain the concept",
                value=result.r2,
                of=OF,
                baselines={"crops shuffled": chance},
                reading=f"The parts explain {result.r2:.0%} of how the concept varies over the crops; over shuffled"
                f" crops {chance:.0%}.",
            ),
            Score(
                name="reconstruction",
                title="Reconstruction",
                value=result.reconstruction,
                of=OF,
                worst=1.0,
                best=0.0,
                baselines={"no parts": 1.0},
                reading=f"The parts rebuild the crops at {result.earlier} to a relative error of"
                f" {result.reconstruction:.2f}.",
            ),
        )
    )


@explainer("Inside a concept", paper="https://arxiv.org/abs/2211.10154", evidence=measure_within)
def concept_within(model: ModelHandle, params: WithinParams, run: Run) -> Within:
    """Take a concept apart; see the module's docstring."""
    model.card.check_target(params.cls)
    bank = kept_bank(run.part(0.0, 0.7), model.card.name, params, params.cls)
    concept = checked(params.concept, len(bank.names))
    layer = pick(model, bank.layer)
    before = earlier(model, layer, params.at)
    places = strongest(bank, concept)
    if len(places) < max(2, params.parts):
        raise InputError(
            f"{bank.names[concept]} is active in {len(places)} places only; choose another concept or fewer parts."
        )
    run.report(0.7, "reading the pictures again")
    crops = _cut(bank, reload(model, params, bank, dict.fromkeys(places[:, 0].tolist())), places)
    rows, maps = _seen(model, crops, (before, layer), run)
    run.report(0.95, f"looking for {params.parts} parts")
    method = suitable("nmf", float(rows.min()))
    atoms = dictionaries.fit(method, rows, params.parts, seed=params.seed)
    target = dictionary_of(bank).encode(maps.reshape(-1, maps.shape[-1]))[:, concept]
    codes = atoms.encode(rows)
    fit = explain_by(codes, target.reshape(len(crops), -1).mean(1))
    order = np.argsort(-fit["share"], kind="stable")
    fit |= {name: fit[name][..., order] for name in ("codes", "share", "weights")}
    return Within(
        dictionary=atoms.atoms[order],
        cells=places,
        concept=concept,
        name=bank.names[concept],
        cls=bank.cls,
        label=bank.label,
        layer=layer.name,
        earlier=before.name,
        method=method,
        **fit,
        **_best(crops, places, fit["codes"]),
        reconstruction=metrics.relative_l2(rows, atoms.decode(codes)),
    )


def earlier(model: ModelHandle, layer: Layer, name: str | None) -> Layer:
    """The layer called ``name``; for None the last block before ``layer`` whose map has another shape.

    Raises:
        InputError: the layer is not there, or does not come before.
    """
    layers = list(model.layers())
    before = layers[: [each.name for each in layers].index(layer.name)]
    if name:
        chosen = model.layer(name)
        if chosen not in before:
            raise InputError(
                f"Layer '{name}' does not come before '{layer.name}', where the bank is; choose one that does."
            )
        return chosen
    mains = [each for each in before if each.main and not each.name.startswith(f"{layer.name}.")]
    other = [each for each in mains if each.shape != layer.shape] or mains
    if not other:
        raise InputError(f"No layer comes before '{layer.name}'; learn the bank at a later one with layer.")
    return other[-1]


def strongest(bank: Concepts, concept: int) -> Int[np.ndarray, "n 3"]:
    """Active places that reach the threshold, image, row and column, the strongest first; at most `EACH` an image."""
    codes = bank.codes[..., concept]
    order = np.argsort(-codes.ravel(), kind="stable")
    order = order[(codes.ravel()[order] >= bank.threshold[concept]) & (codes.ravel()[order] > 0)]
    places = np.stack(np.unravel_index(order, codes.shape), 1)
    turn = np.zeros(len(codes), int)
    kept = []
    for place in places:
        turn[place[0]] += 1
        if turn[place[0]] <= EACH:
            kept.append(place)
    return np.array(kept[:MOST], np.int64).reshape(-1, 3)


def _cut(bank: Concepts, pictures: tuple[Picture, ...], places: np.ndarray) -> list[np.ndarray]:
    of = dict(zip(dict.fromkeys(places[:, 0].tolist()), pictures, strict=True))
    grid = bank.codes.shape[1:3]
    return [cut(of[int(image)].pixels, (int(row), int(column)), grid) for image, row, column in places]


def _seen(
    model: ModelHandle, crops: list[np.ndarray], layers: tuple[Layer, Layer], run: Run
) -> tuple[Float[np.ndarray, "n c"], Float[np.ndarray, "n h w d"]]:
    """What both layers make of each crop: means over places at the earlier, the map at the bank's."""
    before, last = layers
    rows, maps = [], []
    body, _ = model.split(last.name)
    size = model.card.input_size[1:]
    for start in range(0, len(crops), BATCH):
        run.report(0.75 + 0.2 * start / len(crops), f"looking into crop {start + 1} of {len(crops)}")
        x = model.normalise(np.stack([resized(crop, size) for crop in crops[start : start + BATCH]]))
        with torch.inference_mode(), record_output(model.network, before.name) as seen:
            output = body(x)
        rows.append(before.as_map(seen.taken()).float().mean((2, 3)).cpu().numpy())
        maps.append(last.as_map(output).float().permute(0, 2, 3, 1).cpu().numpy())
    return np.concatenate(rows), np.concatenate(maps)


def explain_by(codes: Float[np.ndarray, "n p"], target: Float[np.ndarray, " n"]) -> dict[str, Any]:
    """Non-negative least squares of the target on the parts and a constant; shares are of the target's mean."""
    design = np.column_stack([codes, np.ones(len(codes))]).astype(np.float64)
    weights, _ = nnls(design, target.astype(np.float64))
    fitted, mean = design @ weights, float(target.mean())
    share = weights * design.mean(0) / (mean if mean > 0 else 1.0)
    return {
        "codes": codes,
        "target": target,
        "fitted": fitted,
        "weights": weights[:-1],
        "share": share[:-1],
        "rest": float(share[-1]),
        "r2": metrics.r2(target[:, None], fitted[:, None]),
    }


def _best(crops: list[np.ndarray], places: np.ndarray, codes: np.ndarray) -> dict[str, Any]:
    """The crops with most of each part, and the images that they are of."""
    order = np.argsort(-codes, axis=0, kind="stable")[:CROPS].T
    pictures = np.stack([np.stack([small(crops[i]) for i in row]) for row in order])
    return {"crops": pictures, "crop_of": places[order, 0]}
