"""A Grad-CAM answer made by hand: figures and export need no network."""

from dataclasses import fields
from typing import Any

import numpy as np

import models
from dashboard.engine.answers import Answer, Provenance, versions
from explainers import Evidence, Request, Score, code_version, find, params_of
from models import Photo

SIDE = 224
SCORE = Score(
    name="deletion",
    title="Deletion",
    value=0.09,
    baselines={"random map": 0.2, "centre": 0.15},
    worst=1.0,
    best=0.0,
    reading="Blurring the brightest 23% halves the probability.",
    axes=("share blurred", "probability"),
    curves={"this map": np.array([0.4, 0.2, 0.1]), "random map": np.array([0.4, 0.3, 0.2])},
)


def photo(width: int = 320, height: int = 240) -> Photo:
    return Photo(np.random.default_rng(0).integers(0, 255, (height, width, 3), dtype=np.uint8), "noise.png")


def result(cam: np.ndarray | None = None, **changed: Any) -> Any:
    """A result of the lens's own type, whose every array is made up."""
    cam = np.linspace(-1, 3, 49, dtype=np.float32).reshape(7, 7) if cam is None else cam
    heat = np.kron(np.clip(cam, 0, None) / (cam.max() or 1), np.ones((SIDE // 7, SIDE // 7), np.float32))
    made = {
        "image": photo(SIDE, SIDE).pixels,
        "cam": cam,
        "heatmap": heat.astype(np.float32),
        "alpha": np.zeros(8, np.float32),
        "logits": np.zeros(1000, np.float32),
        "target": 282,
        "layer": "bn2",
        "label": "tiger cat",
        "method": "gradcam",
        "probability": 0.39,
        "top5": tuple((282 + at, f"class {at}, of five", 0.4 / (at + 1)) for at in range(5)),
        **changed,
    }
    kind = find("gradcam").result
    return kind(**{each.name: made[each.name] for each in fields(kind) if each.name in made})


def kept(**changed: Any) -> Answer:
    return Answer(
        "0" * 64,
        result(**changed),
        Provenance(
            explainer="gradcam",
            model=models.DEFAULT,
            weights_sha256=models.card(models.DEFAULT).digest,
            params={},
            seed=0,
            versions=versions(),
            device="cpu",
            threads=1,
            seconds=0.1,
            when="2026-01-01T00:00:00+00:00",
            code=code_version(),
        ),
    )


def evidence() -> Answer:
    made = kept()
    return Answer("1" * 64, Evidence(scores=(SCORE,)), made.provenance)


def request() -> Request:
    return Request("gradcam", models.DEFAULT, params_of(find("gradcam"), {"image": photo()}))
