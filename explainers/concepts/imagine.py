"""What would excite a concept most: a picture made for it, by MACO.

A picture with the magnitudes of natural ones is changed, its phases alone, until the mean activation along the
concept's atom is as high as it gets. What the answer did not depend on is left transparent.

Limits: it shows what excites the direction most, not what it usually answers to: read the crops of real images beside
it. Another seed gives another picture. On small networks such pictures are textures rather than things.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from explainers.base import AboutClass, AtLayer, Evidence, Run, Score, explainer
from explainers.concepts.bank.params import ConceptsParams
from explainers.concepts.load import kept_bank
from explainers.kit.dictionaries import checked
from explainers.kit.maco import STEPS, imagine
from explainers.kit.metrics import cosine
from explainers.kit.tail import pick
from explainers.params import knob
from models import Layer, ModelHandle


@dataclass(frozen=True, kw_only=True)
class ImagineParams(ConceptsParams):
    """What can be chosen."""

    concept: int = knob(0, 0, 49, "Which concept of the bank, the most important is 0.", label="Concept")
    steps: int = knob(STEPS, 2, 1000, "Steps of the climb; more are clearer and slower.", more=True)


@dataclass(frozen=True, kw_only=True)
class Imagined(AboutClass, AtLayer):
    """A picture made for a concept.

    Attributes:
        image: uint8 (s, s, 3). alpha: float32 (s, s), how much the answer depended on each pixel.
        scores: float32 (steps,), mean activation along the atom on the way.
        closeness: (k,), cosine of the picture's mean activation with every atom of the bank.
        concept, name, label, cls, layer: which concept, of which class, where.
    """

    image: np.ndarray
    alpha: np.ndarray
    scores: np.ndarray
    closeness: np.ndarray
    concept: int
    name: str
    cls: int

    @property
    def sentence(self) -> str:
        """How far the climb came."""
        return (
            f"A picture made for {self.name} of *{self.label.split(',')[0]}*: its activation went from"
            f" {self.scores[0]:.2f} to {self.scores[-1]:.2f}."
        )


def measure_imagined(_model: ModelHandle, _params: ImagineParams, result: Imagined, run: Run) -> Evidence:
    """Whether the picture excites its own concept rather than the others."""
    run.report(0.0, "comparing with the other concepts")
    value = float(result.closeness[result.concept])
    others = np.delete(result.closeness, result.concept)
    run.report(0.9, "comparing with the other concepts")
    best = float(others.max()) if len(others) else 0.0
    return Evidence(
        scores=(
            Score(
                of="this picture",
                name="closeness",
                title="It is of this concept",
                value=value,
                baselines={"next concept": best},
                reading=f"The picture's activation has a cosine of {value:.2f} with its own concept, and of {best:.2f}"
                " with the next.",
                curves={"activation": result.scores},
                axes=("share of the steps", "activation"),
            ),
        )
    )


@explainer("A picture made for a concept", paper="https://arxiv.org/abs/2306.06805", evidence=measure_imagined)
def concept_imagine(model: ModelHandle, params: ImagineParams, run: Run) -> Imagined:
    """Imagine a concept; see the module's docstring."""
    bank = kept_bank(run, model.card.name, params, params.cls)
    concept = checked(params.concept, len(bank.names))
    layer = pick(model, bank.layer)
    atoms = torch.tensor(bank.dictionary, dtype=torch.float32, device=model.device)

    def on_step(share: float, picture: Callable[[], np.ndarray]) -> None:
        run.report(0.96 + 0.03 * share, f"imagining {bank.names[concept]}", picture())

    imagined = imagine(
        model, lambda x: _along(model, layer, x) @ atoms[concept], run.rng, steps=params.steps, on_step=on_step
    )
    with torch.inference_mode():
        mean = _along(model, layer, model.normalise(model.view(imagined.image).pixels[None]))[0]
    return Imagined(
        image=imagined.image,
        alpha=imagined.alpha,
        scores=imagined.scores,
        concept=concept,
        cls=bank.cls,
        name=bank.names[concept],
        label=bank.label,
        layer=bank.layer,
        closeness=cosine(mean.float().cpu().numpy()[None], bank.dictionary)[0],
    )


def _along(model: ModelHandle, layer: Layer, x: Tensor) -> Tensor:
    """Mean activation over places, (B, C)."""
    body, _ = model.split(layer.name)
    return layer.as_map(body(x)).mean((2, 3))
