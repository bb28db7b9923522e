"""The generator that a model's chains draw with: how it was trained, and what it draws of codes by lot.

A generator turns the classifier's features back into a picture. It was trained beside a discriminator, with noise on
the way (Joint PPGN-h, Nguyen et al. 2017). `seewhy train generator` trains one for any classifier; a training that was
stopped goes on where it was.

Limits: what it cannot draw, no chain finds; what it draws may be of no class at all.
"""

from dataclasses import dataclass

import numpy as np
import torch

from explainers.activation.chain import Space
from explainers.activation.params import ClimbParams
from explainers.base import Evidence, Result, Run, Score, explainer
from explainers.kinds import GeneratorFile
from explainers.params import Params, knob
from models import ModelHandle
from models.generators import file as generators

LOSSES = ("picture", "code", "lower layer", "discriminator")


@dataclass(frozen=True, kw_only=True)
class GeneratorParams(Params):
    """Which generator, and how much of it."""

    n: int = knob(12, 2, 64, "Pictures of codes by lot.", label="Pictures")
    generator: str | None = knob(
        None,
        kind=GeneratorFile(),
        auto="the one that ships or was trained here for the model",
        help="A generator trained here (own/NAME), or its file",
    )


@dataclass(frozen=True, kw_only=True)
class GeneratorView(Result):
    """What a generator is.

    Attributes:
        images: uint8 (N, s, s, 3), drawn of codes by lot. again: uint8 (N, s, s, 3), drawn of E(G(h)).
        gap: (N,), how far E(G(h)) lies from h, as a share of its length.
        losses: float32 (T, 4), of picture, code, lower layer and discriminator, on the way.
        facts: how it was trained.
    """

    images: np.ndarray
    again: np.ndarray
    gap: np.ndarray
    losses: np.ndarray
    facts: dict[str, str]

    @property
    def sentence(self) -> str:
        """What it learnt from, and for how long."""
        return f"Trained for {self.facts['steps']} steps on {int(self.facts['pictures']):,} pictures."


def measure(model: ModelHandle, params: GeneratorParams, result: GeneratorView, run: Run) -> Evidence:
    """How well a code comes back, beside the code of another picture."""
    run.report(0.0, "drawing other codes")
    space, codes = _space(model, params, run)
    run.report(0.5, "encoding what was drawn")
    back = space.returned(codes)
    size = codes.norm(dim=1).clamp_min(1e-9)
    other = float(((back.roll(1, 0) - codes).norm(dim=1) / size).median())
    value = float(np.median(result.gap))
    return Evidence(
        scores=(
            Score(
                name="returns",
                title="Codes come back",
                value=value,
                of="these codes",
                worst=max(1.0, value, other),
                best=0.0,
                baselines={"the code of another picture": other},
                reading=f"Drawn and encoded again, half of the codes are off by less than {value:.0%} of their length;"
                f" the code of another picture is off by {other:.0%}.",
            ),
        )
    )


@explainer("The generator", paper="https://arxiv.org/abs/1612.00005", evidence=measure)
def activation_generator(model: ModelHandle, params: GeneratorParams, run: Run) -> GeneratorView:
    """Look at a generator; see the module's docstring."""
    run.report(0.0, "drawing")
    space, codes = _space(model, params, run)
    run.report(0.5, "encoding it and drawing it again")
    return GeneratorView(
        images=space.draw(codes),
        again=space.draw(space.returned(codes)),
        gap=space.gap(codes).cpu().numpy().astype(np.float64),
        losses=space.trained.record["losses"].cpu().numpy(),
        facts=space.trained.about.facts,
    )


def _space(model: ModelHandle, params: GeneratorParams, run: Run) -> tuple[Space, torch.Tensor]:
    """The generator's codes, and some by lot."""
    trained = generators.load(generators.path_of(model, params.generator), model)
    space = Space(model, ClimbParams(prior="joint"), trained)
    random = torch.Generator(model.device).manual_seed(int(run.rng.integers(2**62)))
    return space, space.start(params.n, random)
