"""A change that cannot be seen: the same photo, each pixel by a few steps of 255, and another answer.

The contrast that opens the paper on fooling images: there a person sees nothing and the network is sure; here a person
sees no difference and the network says something else. FGSM changes every pixel by the whole budget, in the direction
of the loss's sign (Goodfellow et al. 2015); PGD takes smaller steps and comes back into the budget after each (Madry et
al. 2018). Both are captum's. Pixels are rounded to 8 bits, and the budget holds for the picture as it is saved.

Limits: that no change was found within a budget proves nothing, stronger searches exist. The control is noise of random
signs at the full budget: where that changes the answer as well, the network was never sure.
"""

import warnings
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from explainers.base import AboutClass, Evidence, Run, Score, explainer
from explainers.fooling.studies.pixels import (
    chances_of,
    check_classes,
    log_chance,
    logits_of_pixels,
    picture,
    reread,
    top_of,
)
from explainers.kinds import Class
from explainers.kit.hooks import frozen
from explainers.kit.intercept import Plain
from explainers.kit.restore import restore_after
from explainers.params import ImageParams, knob
from models import ModelHandle
from models.errors import InputError

DRAWS = 16
NOISE, UNCHANGED = "random signs", "the photo as it is"


@dataclass(frozen=True, kw_only=True)
class SmallChangeParams(ImageParams):
    """What can be chosen."""

    method: Literal["pgd", "fgsm"] = knob("pgd", help="Many small steps (PGD), or one of the whole budget (FGSM).")
    budget: int = knob(4, 1, 64, "By how many steps of 255 a channel of a pixel may change.")
    target: int | None = knob(
        None, kind=Class(), auto="away from what the model sees", help="The class to be led to", label="Class"
    )
    steps: int = knob(20, 1, 500, "Steps of PGD.", only={"method": ("pgd",)}, more=True)
    stride: float = knob(
        0.125, 0.01, 1.0, "Length of a step of PGD, as a share of the budget.", only={"method": ("pgd",)}, more=True
    )


@dataclass(frozen=True, kw_only=True)
class SmallChange(AboutClass):
    """A photo before and after.

    Attributes:
        image: uint8 (H, W, 3), the photo as the model sees it.
        changed: uint8 (H, W, 3), after the change.
        noise: uint8 (H, W, 3), after a change of random signs at the full budget: the control.
        label, target: the class that was led to, or led away from.
        towards: whether it was led to.
        budget, used: steps of 255 allowed, and the largest that were taken.
        before, after, control: index, name and probability of the likeliest classes of the three pictures.
        confidence: probability of ``label`` of the three.
    """

    image: np.ndarray
    changed: np.ndarray
    noise: np.ndarray
    target: int
    towards: bool
    budget: int
    used: int
    before: tuple[tuple[int, str, float], ...]
    after: tuple[tuple[int, str, float], ...]
    control: tuple[tuple[int, str, float], ...]
    confidence: tuple[float, float, float]

    @property
    def difference(self) -> np.ndarray:
        """int16 (H, W, 3), by how many steps of 255 each value changed."""
        return self.changed.astype(np.int16) - self.image

    @property
    def sentence(self) -> str:
        """What was seen before and after."""
        (_, first, p), (_, then, q) = self.before[0], self.after[0]
        one, two = first.split(",")[0], then.split(",")[0]
        by = f"No channel of a pixel changes by more than {self.used} of 255"
        if self.towards:
            name, after = self.label.split(",")[0], self.confidence[1]
            return f"{by}, and *{name}* rises from {self.confidence[0]:.0%} to {after:.0%}: the model sees *{two}*."
        if one == two:
            return f"{by}, and it stays *{one}* ({p:.0%}, then {q:.0%})."
        return f"{by}, and *{one}* ({p:.0%}) becomes *{two}* ({q:.0%})."


def measure_change(model: ModelHandle, _params: SmallChangeParams, result: SmallChange, run: Run) -> Evidence:
    """Against random signs at the same budget; and what JPEG leaves of it."""
    run.report(0.0, "drawing random signs")
    noisy = np.stack([_signs(model, result.image, result.budget, run.rng) for _ in range(DRAWS)])
    jpeg = reread(result.changed, "JPEG", quality=90)
    run.report(0.2, "looking at them")
    chance = chances_of(model, np.concatenate([[result.image, result.changed, jpeg], noisy]))[:, result.target]
    before, *moved = chance if result.towards else 1 - chance
    mean, name = float(np.mean(moved[2:])), result.label.split(",")[0]
    spread = tuple(np.percentile(moved[2:], [2.5, 97.5]).tolist())
    verb = "is led to" if result.towards else "is led away from"
    others = {NOISE: mean, UNCHANGED: float(before)}
    compared = partial(Score, of="this change", baselines=others, references=(UNCHANGED,), interval=spread)
    return Evidence(
        scores=(
            compared(
                name="led",
                title="How far it leads",
                value=float(moved[0]),
                reading=f"The model {verb} {name} by {moved[0]:.0%}; random signs at the same budget reach {mean:.0%},"
                f" the photo as it is has {before:.0%}.",
            ),
            compared(
                name="jpeg",
                title="After saving as JPEG",
                value=float(moved[1]),
                reading=f"Saved as a JPEG of quality 90 the change still reaches {moved[1]:.0%}.",
            ),
            Score(
                name="budget",
                title="The budget",
                value=result.used / result.budget,
                of="the largest change",
                reading=f"The largest change is {result.used} of 255; {result.budget} were allowed.",
            ),
        )
    )


@explainer("A change that cannot be seen", paper="https://arxiv.org/abs/1412.6572", evidence=measure_change)
def fooling_small_change(model: ModelHandle, params: SmallChangeParams, run: Run) -> SmallChange:
    """Change a photo within the budget; see the module's docstring."""
    check_classes(model)
    run.report(0.0, f"looking with {model.card.title}")
    image = model.view(params.image).pixels
    before = chances_of(model, image[None])[0]
    towards = params.target is not None
    target = int(before.argmax()) if params.target is None else model.card.check_target(params.target)
    if towards and target == int(before.argmax()):
        raise InputError(
            f"The model calls this photo {model.card.short(target)} already; choose another class to be led to."
        )
    run.report(0.1, "following the gradient")
    changed = _attack(model, image, (target, towards), params, run)
    run.report(0.9, "comparing with random signs")
    noise = _signs(model, image, params.budget, run.rng)
    after, control = chances_of(model, np.stack([changed, noise]))
    return SmallChange(
        image=image,
        changed=changed,
        noise=noise,
        target=target,
        label=model.card.labels[target],
        towards=towards,
        budget=params.budget,
        used=int(np.abs(changed.astype(np.int16) - image).max()),
        before=top_of(model, before),
        after=top_of(model, after),
        control=top_of(model, control),
        confidence=(float(before[target]), float(after[target]), float(control[target])),
    )


def _attack(
    model: ModelHandle, image: np.ndarray, aim: tuple[int, bool], params: SmallChangeParams, run: Run
) -> np.ndarray:
    """The changed picture, uint8 (H, W, 3)."""
    from captum.robust import FGSM, PGD

    target, towards = aim
    channels = model.card.input_size[0]
    x = torch.tensor(image[..., :channels], device=model.device).permute(2, 0, 1)[None].float() / 255
    radius = params.budget / 255
    calls = [0]

    def forward(pixels: Tensor) -> Tensor:
        calls[0] += 1
        run.report(0.1 + 0.8 * min(1.0, calls[0] / (params.steps + 1)), f"step {calls[0]}")
        with Plain():
            return log_chance(model, logits_of_pixels(model, pixels))

    with restore_after(model.network), frozen(model.network), torch.enable_grad(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Input Tensor 0 did not already require gradients", UserWarning)
        if params.method == "fgsm":
            fgsm = FGSM(forward, _loss, 0.0, 1.0)
            fgsm.zero_thresh = 0.0  # of a sure network the gradient is small everywhere, and its sign still counts
            moved = fgsm.perturb(x, radius, target, targeted=towards)
        else:
            pgd = PGD(forward, _loss, 0.0, 1.0)
            pgd.fgsm.zero_thresh = 0.0
            stride = partial(pgd.perturb, x, radius, params.stride * radius, params.steps, target)
            moved = stride(targeted=towards)
    return picture(moved[0].detach().float().cpu().numpy())


def _loss(log_chances: Tensor, target: int) -> Tensor:
    """Cross-entropy, from logarithms of probabilities."""
    return -log_chances[:, target]


def _signs(model: ModelHandle, image: np.ndarray, budget: int, rng: np.random.Generator) -> np.ndarray:
    """The picture with the whole budget added or taken away at random, clipped."""
    shape = (*image.shape[:2], model.card.input_size[0])
    signs = rng.integers(0, 2, shape) * 2 - 1
    return np.clip(image.astype(np.int16) + budget * signs, 0, 255).astype(np.uint8)
