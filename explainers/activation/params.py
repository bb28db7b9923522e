"""What is chosen of activation maximisation."""

from dataclasses import dataclass
from typing import Literal

from explainers.kinds import Class, LayerName, ModelName
from explainers.params import Params, knob


@dataclass(frozen=True, kw_only=True)
class ClimbParams(Params):
    """The pictures that are made."""

    condition: Literal["class", "difference", "channel", "neuron"] = knob(
        "class", help="A class, a class rather than another, a channel of a layer, or its neuron in the middle."
    )
    target: int = knob(0, kind=Class(), help="The class.", label="Class", only={"condition": ("class", "difference")})
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
    prior: Literal["maco", "fourier", "none"] = knob(
        "maco",
        help="What a picture may be: maco, only phases of a natural spectrum; fourier, a falling spectrum; none, free"
        " pixels kept smooth.",
        label="Prior",
    )
    steps: int = knob(128, 2, 5000, "Steps of the climb; more are clearer and slower.", label="Steps")
    n: int = knob(4, 1, 64, "Pictures, each from another start.", label="Pictures")


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
