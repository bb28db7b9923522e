"""Chains of Plug & Play Generative Networks (Nguyen et al. 2017): pictures of a class that a generator could draw.

A code h is moved by the sampler of the paper's equation 5 (`kit.langevin`), in units of the spread that codes of real
pictures have. The priors differ in what denoises:

* joint, noiseless: R(h) = E(G(h)), the generator and back through the classifier; noiseless leaves e3 away;
* ppgn_h: a plain denoiser of codes; dgn_am: none (e1 = e3 = 0; Nguyen et al. 2016), as with a decoder of one's own;
* ppgn_x: no code at all, pixels and a denoiser of pixels.

A step costs one forward and one backward pass through G and the classifier, which also gives E(G(h)).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor

from explainers.activation.condition import Condition
from explainers.activation.params import CODES, ClimbParams
from explainers.kit.hooks import frozen
from explainers.kit.langevin import Weights, correlation_time, sample
from models import ModelHandle
from models.errors import InputError
from models.generators import decoder
from models.generators import file as generators
from models.generators.encoder import Encoder
from models.generators.file import Trained
from models.generators.reference import tensor

PRESETS = {
    "joint": Weights(0.1, 20.0, 0.1),
    "noiseless": Weights(0.1, 20.0, 0.0),
    "ppgn_h": Weights(0.1, 3.0, 0.1),
    "ppgn_x": Weights(0.3, 0.05, 0.005),
    "dgn_am": Weights(0.0, 3.0, 0.0),
    "decoder": Weights(0.0, 3.0, 0.0),
}
OUTSIDE = 1.0  # weight of what the photo shows outside a hole, beside the condition


@dataclass(frozen=True)
class Chains:
    """Where chains ended.

    Attributes:
        images: uint8 (N, s, s, 3). begin: uint8 (N, s, s, 3), where the chains began: pictures of codes by lot.
        h: float32 (N, d), the codes of images; pixels for ppgn_x.
        trace: float32 (T, N), the condition on the way. frames: uint8 (F, s, s, 3), the first chain on its way.
        broken: bool (N,), stopped because a step was not finite.
        mixing: (N,), autocorrelation time in steps. gap, gap_begin: (N,), |R(h) - h| over the length of h, at the end
            and at the start.
    """

    images: np.ndarray
    begin: np.ndarray
    h: np.ndarray
    trace: np.ndarray
    frames: np.ndarray
    broken: np.ndarray
    mixing: np.ndarray
    gap: np.ndarray
    gap_begin: np.ndarray


@dataclass(frozen=True)
class Heard:
    """Who hears of a chain.

    Attributes:
        hear: is given each step's number, and how to see the pictures so far; may raise to stop.
        shown: steps whose picture is kept.
    """

    hear: Callable[[int, Callable[[], np.ndarray]], None]
    shown: set[int]


def weights_of(params: ClimbParams, pace: float) -> Weights:
    """The weights that were chosen, each the prior's preset at a generator's pace where none was."""
    preset = PRESETS[params.prior].times(pace)
    chosen = {name: getattr(params, name) for name in ("e1", "e2", "e3") if getattr(params, name) is not None}
    return replace(preset, **chosen)


def trained_of(model: ModelHandle, params: ClimbParams) -> Trained:
    """The generator or decoder of the chosen prior.

    Raises:
        UnfitError: there is none for the model, and none was chosen.
        InputError: the file is damaged, of another kind, or of another model.
    """
    if params.prior != "decoder":
        return generators.load(generators.path_of(model, params.generator), model)
    if not params.generator:
        raise InputError("A decoder needs its file: set generator=FILE, or choose another prior.")
    return decoder.load(generators.path_of(model, params.generator), model)


def run_chains(  # noqa: PLR0913 - what is asked, of whom, from where
    model: ModelHandle,
    params: ClimbParams,
    rng: np.random.Generator,
    conditions: tuple[Condition, ...],
    heard: Heard,
    codes: np.ndarray | None = None,
) -> Chains:
    """Run them side by side.

    Args:
        model: the classifier.
        params: what is asked for, and how.
        rng: where starts and noise come from.
        conditions: what is asked for, one after the other.
        heard: who hears of each step, and of which the first chain's picture is kept.
        codes: float32 (N, d), where chains begin, instead of codes by lot.

    Raises:
        UnfitError: no generator ships for the model, and none was chosen.
        InputError: the generator's file is damaged, or of another model.
    """
    trained = trained_of(model, params)
    space = (PixelSpace if params.prior == "ppgn_x" else Space)(model, params, trained, conditions)
    random = torch.Generator(model.device).manual_seed(int(rng.integers(2**62)))
    path: list[Tensor] = []
    frames: list[np.ndarray] = []

    def on_step(t: int, at: Tensor) -> None:
        path.append(at)
        if t in heard.shown:
            frames.append(space.draw(at[:1])[0])
        heard.hear(t, lambda: space.draw(at))

    with frozen(model.network):
        begin = space.start(params.n, random) if codes is None else space.units(codes)
        weights = weights_of(params, trained.about.plan.pace)
        end, alive = sample(begin, space, weights, steps=params.steps, random=random, on_step=on_step)
    walk = torch.stack(path).flatten(2)
    return Chains(
        images=space.draw(end),
        begin=space.draw(begin),
        h=space.code(end).flatten(1).cpu().numpy().astype(np.float32),
        trace=torch.stack(space.values).nan_to_num().cpu().numpy().astype(np.float32),
        frames=np.stack([*frames, space.draw(end[:1])[0]]),
        broken=(~alive).cpu().numpy(),
        mixing=correlation_time(walk[len(walk) // 2 :]).cpu().numpy().astype(np.float64),
        gap=space.gap(end).cpu().numpy().astype(np.float64),
        gap_begin=space.gap(begin).cpu().numpy().astype(np.float64),
    )


@dataclass(frozen=True)
class Canvas:
    """The picture that chains begin with, and the hole that they fill.

    Attributes:
        photo: (1, c, s, s) in (0, 1), or None.
        hole: (s, s), 1 inside the hole and 0 where the photo stays; None without one.
    """

    photo: Tensor | None = None
    hole: Tensor | None = None

    @staticmethod
    def of(model: ModelHandle, params: ClimbParams, trained: Trained) -> "Canvas":
        """What was chosen.

        Raises:
            InputError: a hole without a picture, or one that covers nothing of it.
        """
        if params.prior not in CODES or params.photo is None:
            if params.hole and params.prior in CODES:
                raise InputError("A hole needs a picture that it is in: choose one under Begin with (photo).")
            return Canvas()
        side = trained.about.plan.side
        view = model.view(params.photo).pil().resize((side, side), Image.Resampling.BICUBIC)
        photo = tensor(np.asarray(view)[None, ..., : trained.about.channels], model)
        return Canvas(photo, _hole(params, side, model.device) if params.hole else None)

    def misfit(self, x: Float[Tensor, "n c s s"]) -> Float[Tensor, " n"]:
        """How far a picture is from the photo outside the hole; 0 without one."""
        if self.photo is None or self.hole is None:
            return x.new_zeros(len(x))
        return OUTSIDE * ((x - self.photo) * (1 - self.hole)).square().flatten(1).sum(1)

    def filled(self, x: Float[Tensor, "n c s s"]) -> Float[Tensor, "n c s s"]:
        """The photo with its hole filled; ``x`` itself without one."""
        return x if self.photo is None or self.hole is None else torch.where(self.hole > 0, x, self.photo)


def _hole(params: ClimbParams, side: int, device: torch.device) -> Tensor:
    half = params.hole * side / 2
    ends = [
        (max(0, round(at * side - half)), min(side, round(at * side + half)))
        for at in (params.hole_row, params.hole_column)
    ]
    hole = torch.zeros(side, side, device=device)
    (top, bottom), (left, right) = ends
    hole[top:bottom, left:right] = 1
    if not hole.any():
        raise InputError(f"A hole of {params.hole:g} covers no pixel of {side}: make it larger, or move it inward.")
    return hole


class Space:
    """What is sampled: codes or pixels, how they become pictures, and what denoises them."""

    def __init__(
        self, model: ModelHandle, params: ClimbParams, trained: Trained, conditions: tuple[Condition, ...] = ()
    ) -> None:
        """Lay out what a step asks; without conditions it can be drawn and encoded, and not sampled."""
        self.trained, self.prior, self.steps = trained, params.prior, params.steps
        self.encoder = Encoder(model, trained.about.plan)
        self.conditions = conditions
        self.values: list[Tensor] = []
        self.canvas = Canvas.of(model, params, trained)

    def __call__(self, t: int, at: Float[Tensor, "n *d"]) -> tuple[Tensor, Tensor]:
        """The denoiser's step, and the slope of what is asked for: one pass each way through G and the classifier."""
        with torch.enable_grad():
            at = at.detach().requires_grad_()
            wanted = self.conditions[t * len(self.conditions) // self.steps]
            x = self.picture(at)
            values, code = self.encoder.beside(wanted.score, x)
            (slope,) = torch.autograd.grad((values - self.canvas.misfit(x)).sum(), at)
        self.values.append(values.detach())
        with torch.no_grad():
            return self.denoised(at, code) - at, slope

    @torch.no_grad()
    def returned(self, at: Float[Tensor, "n *d"]) -> Float[Tensor, "n *d"]:
        """R of it, from nothing else."""
        return self.denoised(at, self.encoder(self.picture(at)).h)

    def gap(self, at: Float[Tensor, "n *d"]) -> Float[Tensor, " n"]:
        """How far the denoiser would move it, as a share of its length."""
        move = self.returned(at) - at
        return move.flatten(1).norm(dim=1) / at.flatten(1).norm(dim=1).clamp_min(1e-9)

    @torch.no_grad()
    def draw(self, at: Float[Tensor, "n *d"]) -> np.ndarray:
        """The pictures, uint8 (n, s, s, 3)."""
        pixels = self.canvas.filled(self.picture(at)).clamp(0, 1).mul(255).round().to(torch.uint8)
        rows = pixels.permute(0, 2, 3, 1).cpu().numpy()
        return np.ascontiguousarray(np.broadcast_to(rows, (*rows.shape[:3], 3)))

    def start(self, n: int, random: torch.Generator) -> Float[Tensor, "n d"]:
        """Where chains begin: the photo's code, or codes with the spread of real pictures' codes."""
        if self.canvas.photo is None:
            return self._normal(self.trained.start(n, random))
        with torch.no_grad():
            return self._normal(self.encoder(self.canvas.photo).h).expand(n, -1)

    def units(self, codes: np.ndarray) -> Float[Tensor, "n d"]:
        """Codes of the classifier in the sampler's units."""
        return self._normal(torch.tensor(codes, device=self.trained.generator.mean.device))

    def code(self, at: Float[Tensor, "n *d"]) -> Float[Tensor, "n *d"]:
        """The code, in the classifier's own units."""
        return self.trained.generator.mean + at * self.trained.generator.std

    def picture(self, at: Float[Tensor, "n *d"]) -> Float[Tensor, "n c s s"]:
        """What is drawn of it."""
        return self.trained.generator(self.code(at))

    def denoised(self, at: Float[Tensor, "n *d"], code: Float[Tensor, "n d"]) -> Float[Tensor, "n *d"]:
        """R of it; ``code`` is what the classifier makes of its picture."""
        return self.trained.code_denoiser(at) if self.prior == "ppgn_h" else self._normal(code)

    def _normal(self, h: Tensor) -> Tensor:
        return (h - self.trained.generator.mean) / self.trained.generator.std


class PixelSpace(Space):
    """Pictures themselves: what is sampled by ppgn_x."""

    def start(self, n: int, random: torch.Generator) -> Float[Tensor, "n c s s"]:
        """Grey with noise."""
        about = self.trained.about
        shape = (n, about.channels, about.plan.side, about.plan.side)
        return 0.5 + 0.2 * torch.randn(shape, generator=random, device=random.device)

    def code(self, at: Tensor) -> Tensor:
        """The picture."""
        return at

    def picture(self, at: Tensor) -> Tensor:
        """The picture."""
        return at

    def denoised(self, at: Tensor, code: Tensor) -> Tensor:
        """Without its noise."""
        return self.trained.pixel_denoiser(at)
