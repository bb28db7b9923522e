"""Learn the dictionary of a class and read its images in it, the most important concept first."""

from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float, UInt8
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from explainers.concepts.bank.collect import Members, Report
from explainers.concepts.bank.crops import resized
from explainers.concepts.bank.params import ConceptsParams
from explainers.concepts.bank.rank_selection import NONE_TRIED, Tried, halves, try_sizes
from explainers.kit import dictionaries
from explainers.kit.concept_curves import shown
from explainers.kit.dictionaries import Dictionary, suitable
from explainers.kit.importance import importance, shares
from explainers.kit.importance.tail import pooled
from explainers.kit.tail import NetworkTail, activations_at

ENOUGH = 40  # with fewer images their means are too few to learn from, and every place is taken
PATCH, STRIDE = 64 / 224, 0.8  # CRAFT: crops of 64 pixels of 224, four fifths of that apart


@dataclass(frozen=True)
class Learnt:
    """Concepts of a class.

    Attributes:
        atoms: the dictionary.
        codes: float32 (N, h, w, k).
        images: float32 (N, k), codes of each image as a whole.
        scores: (N, k), signed importance.
        method: what the dictionary was learnt by.
        exact: whether the importance is the closed form.
        stable: mean cosine of atoms learnt from two halves of the images; NaN-free, 0 where a half is too small.
        tried: the sizes that were tried, where none was given.
    """

    atoms: Dictionary
    codes: np.ndarray
    images: np.ndarray
    scores: np.ndarray
    method: str
    exact: bool
    stable: float
    tried: Tried


def learn(way: NetworkTail, members: Members, params: ConceptsParams, report: Report) -> Learnt:
    """Dictionary, codes and importance.

    Raises:
        InputError: the activations cannot be factorised so; the text says what to do.
    """
    with threadpool_limits(torch.get_num_threads()):  # more threads than torch's would wait for each other
        return _learn(way, members, params, report)


def _learn(way: NetworkTail, members: Members, params: ConceptsParams, report: Report) -> Learnt:
    rows = _rows(way, members, params, report)
    method = suitable(params.method, float(members.maps.min()))
    tried = NONE_TRIED
    if params.k is None:
        tried = try_sizes(method, rows, params.seed, lambda share, note: report(0.3 + 0.1 * share, note))
    k = params.k or tried.best

    def on_round() -> None:
        report(0.4, f"learning {k} concepts from {rows.shape[0] * rows.shape[1]} activations")

    atoms = dictionaries.fit(method, rows.reshape(-1, rows.shape[2]), k, seed=params.seed, on_round=on_round)
    codes = encode(atoms, members.maps)
    images = image_codes(atoms, members.maps, codes)
    scores = weigh(way, atoms, (shown(way, codes, images), members.context), params, report)
    order = np.argsort(-shares(scores), kind="stable")
    stable = halves(method, rows, k, params.seed, lambda: report(0.8, "learning again from each half of the images"))
    exact = _exact(way, params)
    atoms, codes, images = _reordered(atoms, order), codes[..., order], images[:, order]
    return Learnt(atoms, codes, images, scores[:, order], method, exact, stable, tried)


def _rows(way: NetworkTail, members: Members, params: ConceptsParams, report: Report) -> Float[np.ndarray, "n p c"]:
    """What the dictionary is learnt from."""
    if params.crops:
        return crops_of(way, members, report)
    rows = cells(members.maps)
    enough = way.head is not None and len(rows) >= max(ENOUGH, 2 * (params.k or 0))
    whole = params.rows == "images" or (params.rows == "auto" and enough)
    return rows.mean(1, keepdims=True) if whole else rows


def _exact(way: NetworkTail, params: ConceptsParams) -> bool:
    return params.importance == "closed" or (params.importance == "auto" and way.head is not None)


def cells(maps: Float[np.ndarray, "n c h w"]) -> Float[np.ndarray, "n p c"]:
    """Every place of every image as a row."""
    n, c, h, w = maps.shape
    return np.ascontiguousarray(maps.transpose(0, 2, 3, 1)).reshape(n, h * w, c)


def crops_of(way: NetworkTail, members: Members, report: Report) -> Float[np.ndarray, "n p c"]:
    """Mean activations of square crops, each resized and put through the network by itself, as CRAFT does."""
    cut = []
    for done, picture in enumerate(members.pictures):
        report(0.3 * done / len(members.pictures), f"cropping image {done + 1} of {len(members.pictures)}")
        crops = np.stack([resized(crop, picture.pixels.shape) for crop in _crops(picture.pixels)])
        cut.append(activations_at(way.model, way.layer, crops).maps.mean((2, 3)))
    return np.stack(cut)


def _crops(pixels: UInt8[np.ndarray, "y x 3"]) -> list[np.ndarray]:
    rows, columns = pixels.shape[:2]
    side = round(PATCH * min(rows, columns))
    step = round(STRIDE * side)
    corners = [(y, x) for y in range(0, rows - side + 1, step) for x in range(0, columns - side + 1, step)]
    return [pixels[y : y + side, x : x + side] for y, x in corners]


def encode(atoms: Dictionary, maps: Float[np.ndarray, "n c h w"]) -> Float[np.ndarray, "n h w k"]:
    """Codes at every place."""
    n, c, h, w = maps.shape
    return atoms.encode(cells(maps).reshape(-1, c)).reshape(n, h, w, atoms.k).astype(np.float32)


def image_codes(
    atoms: Dictionary, maps: Float[np.ndarray, "n c h w"], codes: Float[np.ndarray, "n h w k"]
) -> Float[np.ndarray, "n k"]:
    """Codes of each image as a whole: of its mean activation, which is all that a linear head sees.

    Where codes are chosen rather than fitted (the nearest, the largest), the mean has none: the mean of the codes.
    """
    if atoms.rule != "nonnegative":
        return pooled(codes)
    return atoms.encode(maps.mean((2, 3))).astype(np.float32)


def weigh(
    way: NetworkTail, atoms: Dictionary, coded: tuple[np.ndarray, np.ndarray], params: ConceptsParams, report: Report
) -> Float[np.ndarray, "n k"]:
    """Signed importance; ``coded`` are codes as `concept_curves.shown` gives them, and tokens before the patches."""
    codes, context = coded
    if way.head is not None:
        return importance(params.importance, way.tail(atoms, params.cls, context[:1]), codes, seed=params.seed)
    weights = []
    for i in range(len(codes)):
        report(0.4 + 0.4 * i / len(codes), f"weighing the concepts, image {i + 1} of {len(codes)}")
        tail = way.tail(atoms, params.cls, context[i : i + 1])
        weights.append(importance(params.importance, tail, codes[i : i + 1], seed=params.seed))
    return np.concatenate(weights)


def _reordered(atoms: Dictionary, order: np.ndarray) -> Dictionary:
    """The same dictionary with its concepts in another order."""
    parts = {name: getattr(atoms, name) for name in ("filters", "offset")}
    return replace(
        atoms,
        atoms=atoms.atoms[order],
        **{name: value[order] if value.size else value for name, value in parts.items()},
    )
