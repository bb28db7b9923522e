"""One member of a family: examined, explained, taken apart into concepts; what came of it, in words."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

import explainers
import models
from explainers.kit import nmf, tail
from tests.survey.families import PLACES, build, scene, smallest
from tests.survey.held import held
from tests.survey.planted import plant

PICTURES = 3  # each with a patch in every quarter, one after the other
NEEDED = 8  # patches of 12 that are found; a map that knows nothing finds so many once in 360, a turned one at most 6
COARSE = 4  # cells a side that are too few to find a patch on
LARGER = (256, 299)  # pixels a side to look again with
MORE = 4  # times as many pictures where too few patches are found: the same share is needed, and luck counts for less

Row = dict[str, Any]


def survey(family: str, name: str = "") -> Row:
    """Survey a member, the smallest one by default.

    Returns:
        ``verdict`` (right, refused, wrong), ``words`` where it is not right, and what was measured.
    """
    begun = time.process_time()
    row: Row = {"family": family, "verdict": "right", "words": ""}
    try:
        row["name"] = name or smallest(family)
        _steps(row)
    except models.SeewhyError as refusal:
        row |= {"verdict": "refused", "words": str(refusal)}
    except Exception as error:  # the survey is there to find what is raised raw
        row |= {"verdict": "wrong", "words": f"{row.get('step', 'choice')}: {type(error).__name__}: {error}"[:300]}
    return row | {"seconds": round(time.process_time() - begun, 1)}


def _steps(row: Row) -> None:
    row["step"] = "zoo"
    if row["family"].startswith("timm/"):
        card = models.card(f"timm/{row['name']}")
        row |= {"maps on the card": len(card.layers), "attends": card.attends}
    handle, shown = _come_in(row, 0)
    for larger in LARGER:
        coarse = min(handle.layer(None).shape[1:]) < COARSE
        if row["side"] < larger and (coarse or _found(row, handle, shown) < NEEDED):
            handle, shown = _come_in(row, larger)
    layer = handle.layer(None)
    row |= {"layer": layer.name, "grid": list(layer.shape[1:]), "prefix": layer.prefix, "layout": layer.layout}
    row |= {"answers": handle.findings.answers, "maps": len(handle.layers())}
    steps: tuple[tuple[str, Callable[..., None]], ...] = (("Grad-CAM", _place), ("pixels", _pixels))
    for row["step"], step in (*steps, ("concepts", _concepts)):
        step(row, handle, shown)


def _come_in(row: Row, least: int) -> tuple[models.ModelHandle, np.ndarray]:
    """Built at the smallest side it reads, made to answer to the patch, and examined; and pictures to explain."""
    row["step"] = "build"
    network, side = build(row["family"], row["name"], least)
    row |= {"side": side, "told apart": plant(network, side).told_apart}
    row["step"] = "examination"
    size, name = (3, side, side), row["name"]
    handle = models.wrap(network, input_size=size, labels=("none", "patch"), device="cpu", name=name)
    return handle, _shown(side, PICTURES)


def _shown(side: int, count: int) -> np.ndarray:
    """Pictures with a patch in every quarter, one after the other, uint8 (4 count, s, s, 3)."""
    x = torch.cat([scene(side, np.random.default_rng(seed)) for seed in range(7, 7 + count)])
    return (x.permute(0, 2, 3, 1) * 255).round().to(torch.uint8).numpy()


def _share(heat: np.ndarray, place: int) -> float:
    """Of a map's energy, how much lies in a quadrant; 0 where the map is empty. A middle row counts half."""
    rows, columns = (_half(side, bool(end)) for side, end in zip(heat.shape, divmod(place, 2), strict=True))
    return float(rows @ heat @ columns / max(float(heat.sum()), 1e-12))


def _half(side: int, end: bool) -> np.ndarray:
    weights = np.clip(side / 2 - np.arange(side), 0, 1)
    return weights[::-1] if end else weights


def _found(row: Row, handle: models.ModelHandle, shown: np.ndarray) -> int:
    """How many patches change Grad-CAM's map where they are put in.

    The map of one patch is set against the mean of those of the same picture with the patch in each quarter: the level
    of a map of random weights is anything, and global attention moves it everywhere alike. A quarter's share of that
    difference is set against its share for the other patches; found is a patch whose own quarter then gained the most.
    """
    row["step"] = "Grad-CAM"
    maps = [explainers.explain("gradcam", handle, image=picture, target=1).cam for picture in shown]
    gained = []
    for first in range(0, len(maps), len(PLACES)):
        four = np.stack(maps[first : first + len(PLACES)])
        shares = np.array([[_share(own, place) for place in PLACES] for own in np.abs(four - four.mean(0))])
        gained.append(shares - shares.mean(0))
    found = sum(_most(row_of, place) for table in gained for place, row_of in enumerate(table))
    row |= {
        "found": found,
        "patches": len(maps),
        "gain": round(float(np.mean([table.diagonal().mean() for table in gained])), 3),
    }
    return found


def _most(gains: np.ndarray, place: int) -> bool:
    return bool(gains[place] > np.delete(gains, place).max())


def _place(row: Row, handle: models.ModelHandle, shown: np.ndarray) -> None:
    said = handle.findings.why
    if _found(row, handle, shown) >= NEEDED:
        return
    if _found(row, handle, _shown(row["side"], MORE * PICTURES)) >= MORE * NEEDED:
        return
    row["held"] = held(handle, handle.layer(None), shown)
    if said and row["held"] < NEEDED:
        raise models.UnfitError(f"{said} (Exchanging quarters of the map itself finds {row['held']} patches.)")
    raise ValueError(f"{row['found']} of {row['patches']} patches are found, {MORE * NEEDED} are needed")


def _pixels(row: Row, handle: models.ModelHandle, shown: np.ndarray) -> None:
    for method, samples in (("input_x_gradient", {}), ("integrated_gradients", {"samples": 4})):
        chosen = {"image": shown[0], "target": 1, "method": method, **samples}
        values = explainers.explain("saliency", handle, **chosen).attribution
        if values.shape[-2:] != shown.shape[1:3] or not np.isfinite(values).all() or not values.any():
            raise ValueError(f"{method} gave {values.shape}, finite: {bool(np.isfinite(values).all())}")
        row[method] = round(_share(np.abs(values).reshape(-1, *values.shape[-2:]).sum(0), PLACES[0]), 3)


def _concepts(row: Row, handle: models.ModelHandle, shown: np.ndarray) -> None:
    layer = tail.pick(handle, None)
    seen = tail.activations_at(handle, layer, shown)
    rows = np.maximum(seen.maps.transpose(0, 2, 3, 1).reshape(-1, layer.shape[0]), 0)
    codes, atoms = nmf.factorize(rows, 2)
    with torch.inference_mode():
        again = tail.NetworkTail(handle, layer).run(torch.tensor(seen.maps), torch.tensor(seen.context))
    row["concepts at"] = layer.name
    if not (np.isfinite(codes).all() and np.isfinite(atoms).all()):
        raise ValueError("a factor is not finite")
    gap = float((again - torch.tensor(seen.logits)).abs().max())
    if gap > 1e-3 * (1 + float(np.abs(seen.logits).max())):
        raise ValueError(f"the way on from {layer.name} misses the logits by {gap:.3g}")
