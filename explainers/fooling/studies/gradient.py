"""Fooling by gradient ascent: from noise or a photo up the probability of a class, until the network is sure.

Evolution sees only answers; here the network's own gradient says how each pixel should change. Each iteration lets the
probability rise by `min(0.03, 0.1 (1 - p))` to first order, then the picture decays towards the mean (Nguyen et al.
2015). Decay, blur and the two clippings of Yosinski et al. 2015 take away what pays least, so that what is left is
smoother and sometimes shows something of the class. The gradient is read at the picture as it can be saved, with 8 bits
a channel, so the confidence is that of the file.

Limits: from a photo this is a targeted adversarial example, but without a budget: for changes that cannot be seen take
the study of a small change. Where the probability is so small that the rule would ask for a step beyond all pixels, the
step is cut to a tenth of their range on average. With strong decay or clipping the wanted confidence may stay out of
reach.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from explainers.base import AboutClass, Evidence, Run, Score, explainer
from explainers.fooling.studies.pixels import chances_of, check_classes, climb_of, column, picture, reread, top_of
from explainers.kinds import Class, Picture
from explainers.kit.ascent import Rule, climb
from explainers.params import Params, knob
from models import ModelHandle, Photo
from models.errors import InputError

NOISE = 0.02  # standard deviation of the noise about the mean, as a share of the range
DRAWS = 16
STOPS = {"majority": 0.5, "0.9": 0.9, "0.99": 0.99, "0.999": 0.999, "0.9999": 0.9999}


@dataclass(frozen=True, kw_only=True)
class GradientParams(Params):
    """What can be chosen."""

    target: int = knob(0, kind=Class(), help="The class that the network shall be sure of.", label="Class")
    start: Literal["mean", "uniform", "photo"] = knob(
        "mean", help="The mean picture with a little noise, uniform noise, or a photo.", label="Start from"
    )
    photo: Photo | None = knob(  # noqa: RUF009 - a field, as everywhere
        None, kind=Picture(), help="The photo to start from.", label="Photo", only={"start": ("photo",)}
    )
    stop: Literal["majority", "0.9", "0.99", "0.999", "0.9999"] = knob(
        "0.99", help="The confidence at which it ends; majority is one half.", label="Stop at"
    )
    decay: float = knob(0.0, 0.0, 0.3, "Share of the distance to the mean picture taken away in every iteration.")
    most: int = knob(500, 1, 20_000, "Iterations at most.", label="Iterations")
    blur: float = knob(0.0, 0.0, 3.0, "Sigma of the blur in pixels; 0 leaves it out.", more=True)
    every: int = knob(4, 1, 50, "Iterations from one blur to the next.", more=True, label="Blur every")
    small_norm: float = knob(
        0.0,
        0.0,
        95.0,
        "Percentile of pixels nearest to the mean that are set to it; 0 leaves it out.",
        more=True,
        label="Clip small pixels",
    )
    low_benefit: float = knob(
        0.0,
        0.0,
        95.0,
        "Percentile of pixels of least benefit that are set to the mean; 0 leaves it out.",
        more=True,
        label="Clip useless pixels",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.start == "photo" and self.photo is None:
            raise InputError("To start from a photo give one as photo, or start from mean or uniform.")

    @property
    def rule(self) -> Rule:
        """How to climb."""
        return Rule(
            stop=STOPS[self.stop],
            most=self.most,
            decay=self.decay,
            blur=self.blur,
            every=self.every,
            small_norm=self.small_norm,
            low_benefit=self.low_benefit,
        )


@dataclass(frozen=True, kw_only=True)
class FoolingGradient(AboutClass):
    """A picture by gradient ascent.

    Attributes:
        image: uint8 (H, W, 3), the most confident picture on the way, at the model's size.
        start: uint8 (H, W, 3), where it began.
        curve: (n,), probability before each iteration and after the last, of the picture with 8 bits a channel.
        iterations: int (), how many were made.
        target, label: the class.
        confidence: probability of it.
        stop: the confidence that was wanted.
        before, after: index, name and probability of the likeliest classes of the start and of the picture.
    """

    image: np.ndarray
    start: np.ndarray
    curve: np.ndarray
    iterations: np.ndarray
    target: int
    confidence: float
    stop: float
    before: tuple[tuple[int, str, float], ...]
    after: tuple[tuple[int, str, float], ...]

    @property
    def sentence(self) -> str:
        """How sure, after how many iterations."""
        name, count = self.label.split(",")[0], int(self.iterations)
        words = f"After {count} iterations the network calls this *{name}* with {self.confidence:.2%} confidence"
        if self.confidence >= self.stop:
            return f"{words}."
        return f"{words}; {self.stop:.2%} were wanted: allow more iterations, or less decay and clipping."


def measure_gradient(model: ModelHandle, _params: GradientParams, result: FoolingGradient, run: Run) -> Evidence:
    """The confidence beside that of noise as strong as the whole change, and of the picture saved in two ways."""
    run.report(0.0, "adding noise as strong as the change")
    change = result.image.astype(np.float64) - result.start
    strength = float(np.sqrt((change**2).mean()))
    noise = run.rng.normal(0, strength, (DRAWS, *result.image.shape))
    if model.card.input_size[0] == 1:
        noise = noise[..., :1]
    noisy = np.clip(np.round(result.start + noise), 0, 255).astype(np.uint8)
    saved = [reread(result.image, "PNG"), reread(result.image, "JPEG", quality=90)]
    run.report(0.3, "looking at them")
    chance = chances_of(model, np.concatenate([[result.image], saved, noisy]))[:, result.target]
    mean, name = float(chance[3:].mean()), result.label.split(",")[0]
    confidence = Score(
        name="confidence",
        title="Confidence",
        value=float(chance[0]),
        of="this picture",
        baselines={"noise as strong": mean},
        interval=tuple(np.percentile(chance[3:], [2.5, 97.5]).tolist()),
        reading=f"{name} has {chance[0]:.2%}; noise as strong as the whole change leaves it at {mean:.2%}.",
    )
    return Evidence(scores=(confidence, *_kept(chance, mean)))


def _kept(chance: np.ndarray, noise: float) -> tuple[Score, Score]:
    """What is left of the confidence in a file."""
    gap = abs(float(chance[1] - chance[0]))
    exact = Score(
        name="png",
        title="Saved as PNG",
        value=float(chance[1]),
        of="the file",
        reading=f"Saved as a PNG and opened again it has {chance[1]:.2%}, a difference of {gap:.1e}.",
    )
    lossy = Score(
        name="jpeg",
        title="Saved as JPEG",
        value=float(chance[2]),
        of="the file",
        baselines={"noise as strong": noise},
        reading=f"Saved as a JPEG of quality 90 it keeps {chance[2]:.2%}.",
    )
    return exact, lossy


@explainer("Fooling by gradient ascent", paper="https://arxiv.org/abs/1412.1897", evidence=measure_gradient)
def fooling_gradient(model: ModelHandle, params: GradientParams, run: Run) -> FoolingGradient:
    """Climb; see the module's docstring."""
    check_classes(model)
    target = model.card.check_target(params.target)
    run.report(0.0, "starting")
    start = _start(model, params, run.rng)

    def on_step(iteration: int, p: float, x: np.ndarray) -> None:
        run.report(iteration / (params.most + 1), f"iteration {iteration}: {p:.2%}", picture(x))

    def probability(x: np.ndarray) -> tuple[float, np.ndarray]:
        return climb_of(model, x, target)

    best, curve = climb(probability, start, column(model.card.mean), params.rule, on_step)
    image, first = picture(best), picture(start)
    chances = chances_of(model, np.stack([first, image]))
    return FoolingGradient(
        image=image,
        start=first,
        curve=curve,
        iterations=np.array(len(curve) - 1),
        target=target,
        label=model.card.labels[target],
        confidence=float(chances[1, target]),
        stop=params.rule.stop,
        before=top_of(model, chances[0]),
        after=top_of(model, chances[1]),
    )


def _start(model: ModelHandle, params: GradientParams, rng: np.random.Generator) -> np.ndarray:
    """The first picture, float32 (C, H, W) in [0, 1]."""
    size = model.card.input_size
    if params.photo is not None:
        seen = model.view(params.photo).pixels[..., : size[0]]  # grey in all three where there is one channel
        return seen.transpose(2, 0, 1).astype(np.float32) / 255
    if params.start == "uniform":
        return rng.random(size, np.float32)
    noise = column(model.card.mean) + NOISE * rng.standard_normal(size, np.float32)
    return np.clip(noise, 0, 1)
