"""What is chosen of activation maximisation."""

from dataclasses import dataclass
from typing import Any, Literal

from explainers.kinds import Class, GeneratorFile, Images, LayerName, ModelName, Picture
from explainers.params import Params, knob
from models import Photo

GENERATED = ("joint", "noiseless", "ppgn_h", "ppgn_x", "dgn_am", "decoder")
CODES = ("joint", "noiseless", "ppgn_h", "dgn_am", "decoder")
"""Priors that need a generator's file, and those of them that sample codes."""


def generator_knob(**more: Any) -> Any:
    """Which generator draws, the model's own by default."""
    return knob(
        None,
        kind=GeneratorFile(),
        auto="the one that ships or was trained here for the model",
        help="A generator trained here (own/NAME), or its file",
        more=True,
        **more,
    )


@dataclass(frozen=True, kw_only=True)
class ClimbParams(Params):
    """The pictures that are made."""

    condition: Literal["class", "difference", "channel", "neuron", "concept", "sentence"] = knob(
        "class",
        help="A class, a class rather than another, a channel of a layer, its neuron in the middle, a concept of a"
        " class, or a sentence (of a CLIP).",
    )
    target: int = knob(
        0, kind=Class(), help="The class.", label="Class", only={"condition": ("class", "difference", "concept")}
    )
    versus: int = knob(
        1,
        kind=Class(),
        help="The class that it is set against.",
        label="Rather than",
        only={"condition": ("difference",)},
    )
    layer: str | None = knob(
        None,
        kind=LayerName(),
        auto="the last map before pooling",
        help="The layer",
        only={"condition": ("channel", "neuron")},
    )
    channel: int = knob(0, 0, 100_000, "The channel of the layer.", only={"condition": ("channel", "neuron")})
    concept: int = knob(
        0,
        0,
        49,
        "Which concept of the class, the most important is 0.",
        label="Concept",
        only={"condition": ("concept",)},
    )
    bank: str = knob(
        "menagerie",
        kind=Images(),
        help="Images that the class's concepts are learnt from, if they are not yet known.",
        label="Images",
        only={"condition": ("concept",)},
    )
    words: str = knob("", help="A sentence in English.", label="Sentence", only={"condition": ("sentence",)})
    prior: Literal["maco", "fourier", "none", "joint", "noiseless", "ppgn_h", "ppgn_x", "dgn_am", "decoder"] = knob(
        "maco",
        help="What a picture may be: maco, only phases of a natural spectrum; fourier, a falling spectrum; none, free"
        " pixels kept smooth. With a generator: joint, what it draws of codes that it gives back; noiseless, the same"
        " without noise; ppgn_h, codes of a plain denoiser; dgn_am, any code. ppgn_x: pixels of a denoiser."
        " decoder: any code of a decoder's file of yours.",
        label="Prior",
    )
    steps: int = knob(128, 2, 5000, "Steps of the climb; more are clearer and slower.", label="Steps")
    n: int = knob(4, 1, 64, "Pictures, each from another start.", label="Pictures")
    then: int | None = knob(
        None,
        kind=Class(),
        auto="the same class",
        help="A class that is asked for from the middle of the chain on",
        more=True,
        label="Then",
        only={"condition": ("class",), "prior": GENERATED},
    )
    photo: Photo | None = knob(  # noqa: RUF009 - a field
        None,
        kind=Picture(),
        auto="codes by lot",
        help="A picture whose code the chains begin with",
        more=True,
        label="Begin with",
        only={"prior": CODES},
    )
    hole: float = knob(
        0.0,
        0.0,
        1.0,
        "Side of a square hole in that picture, as a share of the picture's; the chains fill it, the rest stays as it"
        " is. 0 for none.",
        more=True,
        label="Hole",
        only={"prior": CODES},
    )
    hole_row: float = knob(
        0.5, 0.0, 1.0, "Where its middle lies, from the top.", more=True, label="Hole, down", only={"prior": CODES}
    )
    hole_column: float = knob(
        0.5, 0.0, 1.0, "Where its middle lies, from the left.", more=True, label="Hole, right", only={"prior": CODES}
    )
    generator: str | None = generator_knob(only={"prior": GENERATED})
    e1: float | None = knob(
        None,
        -10.0,
        10.0,
        auto="the prior's preset",
        help="Weight of the prior: how far a step follows the denoiser",
        more=True,
        label="e1, prior",
        only={"prior": GENERATED},
    )
    e2: float | None = knob(
        None,
        -1000.0,
        1000.0,
        auto="the prior's preset",
        help="Weight of what is asked for",
        more=True,
        label="e2, condition",
        only={"prior": GENERATED},
    )
    e3: float | None = knob(
        None,
        0.0,
        10.0,
        auto="the prior's preset",
        help="Standard deviation of the noise of a step",
        more=True,
        label="e3, noise",
        only={"prior": GENERATED},
    )


@dataclass(frozen=True, kw_only=True)
class ActivationParams(ClimbParams):
    """The pictures, and who judges them."""

    independent: str | None = knob(
        None,
        kind=ModelName(),
        auto="another network that knows the same classes",
        help="A network that took no part, to judge the pictures",
        more=True,
        label="Judge",
    )
