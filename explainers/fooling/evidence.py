"""How far to trust a fooling image: is it as sure as a file, and are random pictures of the same kind as sure?"""

import io

import numpy as np
from jaxtyping import Float, UInt8
from PIL import Image

from explainers.base import Evidence, Run, Score
from explainers.fooling.archive import Fooling, FoolingParams, stretch_params
from explainers.fooling.chunk import encoding_of
from explainers.fooling.judge import judge_of
from models import ModelHandle, Photo

RANDOM = 1000  # random pictures at most
LOOKED = 100  # champions that are asked again
BATCH = 100


def measure(model: ModelHandle, params: FoolingParams, result: Fooling, run: Run) -> Evidence:
    """The champions against the best of as many random pictures, and as files."""
    judge = judge_of(model, params.classes, params.crops)
    best = np.zeros(judge.count)
    count = min(RANDOM, result.evaluations)
    for at in range(0, count, BATCH):
        run.report(0.7 * at / count, f"random picture {at + 1} of {count}")
        best = np.maximum(best, judge(_random(model, params, result, min(BATCH, count - at), run.rng)).max(0))
    rows = result.order[:LOOKED]
    run.report(0.7, "saving the champions as files")
    again = judge(np.stack([reread(image) for image in result.images[rows]]))[np.arange(len(rows)), rows]
    run.report(0.85, "looking at them as any other photo")
    seen = np.stack([model.view(Photo(image)).pixels for image in result.images[rows]])
    whole = judge(seen)[np.arange(len(rows)), rows]
    return Evidence(
        scores=(
            _confidence(result, best, count),
            _sure(result, best, count),
            _file(result.confidence[rows], again),
            _viewed(result.confidence[rows], whole, model),
        )
    )


def _random(
    model: ModelHandle, params: FoolingParams, result: Fooling, count: int, rng: np.random.Generator
) -> UInt8[np.ndarray, "n s s 3"]:
    """Pictures of first genomes, which nothing was selected for."""
    encoding = encoding_of(model, stretch_params(model, params))
    return encoding.render([encoding.random(rng) for _ in range(count)])


def reread(image: UInt8[np.ndarray, "h w 3"]) -> UInt8[np.ndarray, "h w 3"]:
    """The picture saved as a PNG and opened again."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "PNG")
    return np.asarray(Image.open(buffer).convert("RGB"))


def _confidence(result: Fooling, best: Float[np.ndarray, " k"], count: int) -> Score:
    middle, chance = float(np.median(result.confidence)), float(np.median(best))
    return Score(
        name="median_confidence",
        title="Median confidence",
        value=middle,
        of="these pictures",
        baselines={"random pictures": chance},
        reading=f"Half of the classes reach {middle:.0%}; the best of {count:,} random pictures for each reach"
        f" {chance:.0%}.",
    )


def _sure(result: Fooling, best: Float[np.ndarray, " k"], count: int) -> Score:
    share, chance = result.sure / len(best), float((best >= 0.5).mean())
    return Score(
        name="fooled",
        title="Classes above one half",
        value=share,
        of="these pictures",
        baselines={"random pictures": chance},
        reading=f"{share:.0%} of the classes have a picture above one half; {count:,} random pictures give"
        f" {chance:.0%}.",
    )


def _file(stored: Float[np.ndarray, " n"], again: Float[np.ndarray, " n"]) -> Score:
    gap = float(np.abs(stored - again).max())
    return Score(
        name="png",
        title="Saved as PNG",
        value=gap,
        of="largest difference",
        worst=1.0,
        best=0.0,
        reading=f"Saved as PNG and opened again, confidence differs by {gap:.1e} at most.",
    )


def _viewed(stored: Float[np.ndarray, " n"], whole: Float[np.ndarray, " n"], model: ModelHandle) -> Score:
    kept, wanted = float(np.median(whole)), float(np.median(stored))
    size = " × ".join(map(str, model.card.input_size[1:]))
    return Score(
        name="viewed",
        title="Seen as a photo",
        value=kept,
        of="these pictures",
        baselines={"as evolved": wanted},
        references=("as evolved",),
        reading=f"Brought to {size} pixels like any photo, the surest keep a median of {kept:.0%} of {wanted:.0%}.",
    )
