"""Train a generator for a classifier: codes of pictures back to pictures, with noise on every stage of the way.

As Joint PPGN-h (Nguyen et al. 2017, section 3.5): noise is added to the picture, to the lower layer's features and to
the code, and the generator draws the clean picture, so that h -> x -> h is a denoising autoencoder of the code. The
losses are those of Dosovitskiy and Brox (2016): distance of pictures and of features, and a discriminator.

From a seed; it stops and goes on where it was. Each step draws its chance from the seed and its own number.
"""

import json
import math
from collections.abc import Callable
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor, nn
from torch.nn import functional

from models.errors import InputError
from models.generators.encoder import Encoder
from models.generators.file import NETS, RECORD, About
from models.generators.nets import CodeDenoiser, Discriminator, Generator, PixelDenoiser
from models.generators.plan import Plan, plan_for
from models.generators.reference import reference, tensor
from models.generators.source import PER_CLASS, Report, pictures
from models.handle import ModelHandle
from models.small.data import Data
from models.training.checkpoint import Checkpoint
from models.training.file import check_name, write
from models.training.half import half
from models.training.steady import chance, steady

WEIGHT = {"lower": 1.0, "real": 0.3}  # beside those of the plan
NOISE_PICTURE, NOISE_LOWER, NOISE_CODE = 0.05, 0.1, 0.2  # as shares of how much each varies; of the pictures' range
NOISE_PLAIN = 0.5  # for the denoiser of codes alone
PAUSE = 0.1, 10.0  # the discriminator's loss over the generator's: below, the first waits; above, the second
KEEP, SHOWN, SAMPLED, DIRECTIONS = 250, 50, 4096, 96


def train(  # noqa: PLR0913 - what is learnt, from what, and where it goes
    model: ModelHandle,
    *,
    source: str,
    out: Path,
    judge: ModelHandle | None = None,
    steps: int = 8000,
    seed: int = 0,
    limit: int = PER_CLASS,
    report: Report,
) -> About:
    """Train a generator and write it.

    Args:
        model: the classifier that it draws for.
        source: pictures; see `models.generators.source`.
        out: the safetensors file; a checkpoint stands beside it until the training is done.
        judge: another classifier of the same classes, whose features of real pictures are kept for comparison.
        steps: how many batches.
        seed: the same seed gives the same weights on the same kind of device.
        limit: at most so many pictures of each class.
        report: hears ``(fraction, note)``; what it raises stops the training, which a later call resumes.

    Raises:
        InputError: no such pictures, fewer than one step, or a checkpoint of another training is in the way.
        StorageError: the file cannot be written.
    """
    check_name(out)
    if steps < 1:
        raise InputError(f"A training makes at least one step; steps is {steps}.")
    plan = plan_for(model)
    data = pictures(source, model, plan, seed, lambda share, note: report(0.05 * share, note), limit)
    return Lesson(model, plan, data, steps, seed, out).run(judge, lambda share, note: report(0.05 + 0.95 * share, note))


class Lesson:
    """One training: its networks, their optimisers, and how many steps are done."""

    def __init__(self, model: ModelHandle, plan: Plan, data: Data, steps: int, seed: int, out: Path) -> None:  # noqa: PLR0913
        """Start from the seed, or from the checkpoint of this very training."""
        self.model, self.plan, self.data, self.steps, self.seed, self.out = model, plan, data, steps, seed, out
        self.encoder, self.step = Encoder(model, plan), 0
        self.losses: list[list[float]] = []
        self.channels = data.train.images.shape[-1]
        self.codes = codes = self._codes(data.train.images[:SAMPLED])
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.generator = Generator(plan, codes.shape[1], self.channels)
            self.nets: dict[str, nn.Module] = {
                "generator": self.generator,
                "code_denoiser": CodeDenoiser(codes.shape[1]),
                "pixel_denoiser": PixelDenoiser(self.channels),
                "discriminator": Discriminator(plan, codes.shape[1], self.channels),
            }
        self.generator.mean.copy_(codes.mean(0))
        self.generator.std.copy_(codes.std(0).clamp_min(0.05 * float(codes.std())))
        for net in self.nets.values():
            net.to(model.device).to(memory_format=torch.channels_last)
        self.optimisers = {name: self._adam(net) for name, net in self.nets.items()}
        self.checkpoint = Checkpoint(out, self._identity(), self.nets, self.optimisers)

    def run(self, judge: ModelHandle | None, report: Report) -> About:
        """Do the steps that are left, measure, and write the file."""
        self.learn(report)
        report(1.0, "measuring real pictures")
        about = self.about(judge)
        write(self.tensors(judge), self.out, about.to_header())
        self.checkpoint.remove()
        return about

    def learn(self, report: Report, shown: Callable[[], None] = lambda: None) -> None:
        """Do the steps that are left; ``shown`` is called whenever there are new losses to be seen.

        What ``report`` raises stops the training at a step's end, which is kept: a later call goes on there.
        """
        self._resume()
        with steady(self.model.device), half(self.model.device):
            while self.step < self.steps:
                values = self._learn()
                self.step += 1
                if self.step % SHOWN == 0 or self.step == self.steps:
                    self.losses.append(values.tolist())
                    shown()
                try:
                    report(self.step / self.steps, self._note())
                except BaseException:
                    self._keep()
                    raise
                if self.step % KEEP == 0:
                    self._keep()

    @torch.no_grad()
    def draw(self, codes: Float[Tensor, "n d"]) -> UInt8[np.ndarray, "n s s c"]:
        """What the generator draws of codes now; its training is left as it is."""
        self.generator.eval()
        pixels = self.generator(codes).mul(255).round().to(torch.uint8)
        self.generator.train()
        return pixels.permute(0, 2, 3, 1).contiguous().cpu().numpy()

    def about(self, judge: ModelHandle | None) -> About:
        """What the file says beside its tensors."""
        return About(
            base=self.model.card.name,
            base_sha256=self.model.digest,
            plan=self.plan,
            codes=self.generator.mean.numel(),
            channels=self.channels,
            judge=judge.card.name if judge else "",
            judge_title=judge.card.title if judge else "",
            judge_sha256=judge.digest if judge else "",
            facts=self._facts(),
        )

    def tensors(self, judge: ModelHandle | None) -> dict[str, Tensor]:
        """The networks, and what was measured."""
        return self._state() | self._record(judge)

    def _learn(self) -> Float[Tensor, " 4"]:
        """One step of all four networks; gives the losses of image, code, lower layer and discriminator."""
        random = chance(self.seed, self.step, 1)
        pick = torch.randint(len(self.data.train.labels), (self.plan.batch,), generator=random).numpy()
        x = tensor(self.data.train.images[pick], self.model)
        for optimiser in self.optimisers.values():
            optimiser.param_groups[0]["lr"] = self.plan.rate * 0.5 * (1 + math.cos(math.pi * self.step / self.steps))
        with torch.no_grad():
            clean = self.encoder(x)
            noisy = self.encoder(self._noised(x, NOISE_PICTURE, random), lambda h1: self._varied(h1, random))
        mean, std = self.generator.mean, self.generator.std
        code = noisy.h + NOISE_CODE * std * self._normal(noisy.h.shape, random)
        fake, u = self.generator(code), (clean.h - mean) / std
        judged = self._discriminate(x, fake, u)
        losses = self._generate(x, fake, clean.h, clean.h1, u, pause=bool(judged[0] > PAUSE[1] * judged[1]))
        self._denoise(x, u, random)
        return torch.stack([*losses, judged[0]]).detach()

    def _discriminate(self, x: Tensor, fake: Tensor, u: Tensor) -> Float[Tensor, " 2"]:
        """A step of the discriminator, unless it is far ahead; gives its loss and the generator's."""
        net = self.nets["discriminator"]
        loss = functional.softplus(-net(x, u)).mean()
        against = net(fake.detach(), u)
        loss = loss + functional.softplus(against).mean()
        opposite = functional.softplus(-against).mean()
        if not bool(loss < PAUSE[0] * opposite):
            self._descend("discriminator", loss)
        return torch.stack([loss, opposite]).detach()

    def _generate(  # noqa: PLR0913 - the terms of the loss
        self, x: Tensor, fake: Tensor, h: Tensor, h1: Tensor, u: Tensor, *, pause: bool
    ) -> tuple[Tensor, Tensor, Tensor]:
        """A step of the generator; it waits for the discriminator's opinion while that is far behind."""
        seen = self.encoder(fake)
        image = (fake - x).abs().mean()
        code = ((seen.h - h) / self.generator.std).square().mean()
        lower = (seen.h1 - h1).square().mean() / h1.var().clamp_min(1e-6)
        loss = self.plan.image * image + self.plan.code * code + WEIGHT["lower"] * lower
        if not pause:
            loss = loss + WEIGHT["real"] * functional.softplus(-self.nets["discriminator"](fake, u)).mean()
        self._descend("generator", loss)
        return image, code, lower

    def _denoise(self, x: Tensor, u: Tensor, random: torch.Generator) -> None:
        """A step of the two plain denoisers."""
        guess = self.nets["code_denoiser"](u + NOISE_PLAIN * self._normal(u.shape, random))
        self._descend("code_denoiser", (guess - u).square().mean())
        pixels = self.nets["pixel_denoiser"](self._noised(x, 2 * NOISE_PICTURE, random))
        self._descend("pixel_denoiser", (pixels - x).square().mean())

    def _descend(self, name: str, loss: Tensor) -> None:
        optimiser = self.optimisers[name]
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()

    def _varied(self, h1: Tensor, random: torch.Generator) -> Tensor:
        return h1 + NOISE_LOWER * h1.std() * self._normal(h1.shape, random)

    def _noised(self, x: Tensor, share: float, random: torch.Generator) -> Tensor:
        return x + share * self._normal(x.shape, random)

    def _normal(self, shape: torch.Size, random: torch.Generator) -> Tensor:
        """Noise drawn on the CPU, so that every device learns from the same."""
        return torch.randn(shape, generator=random).to(self.model.device)

    def _adam(self, net: nn.Module) -> torch.optim.Optimizer:
        return torch.optim.Adam(net.parameters(), lr=self.plan.rate, betas=(0.5, 0.99))

    @torch.no_grad()
    def _codes(self, images: UInt8[np.ndarray, "n h w c"]) -> Float[Tensor, "n d"]:
        return torch.cat(
            [self.encoder(tensor(part, self.model)).h for part in np.array_split(images, len(images) // 64 + 1)]
        )

    @cached_property
    def directions(self) -> Float[Tensor, "d r"]:
        """In which codes of real pictures vary, each as long as they vary."""
        _, sizes, rows = torch.linalg.svd(self.codes - self.codes.mean(0), full_matrices=False)
        return (rows * sizes[:, None] / math.sqrt(len(self.codes) - 1))[:DIRECTIONS].T

    def _note(self) -> str:
        if not self.losses:
            return f"step {self.step} of {self.steps}"
        image, code, lower, real = self.losses[-1]
        words = f"image {image:.3f}, code {code:.2f}, lower {lower:.2f}, discriminator {real:.2f}"
        return f"step {self.step} of {self.steps}: {words}"

    def _record(self, judge: ModelHandle | None) -> dict[str, Tensor]:
        """What chains begin from, how the training went, and what a judge makes of real pictures."""
        record = {"start": self.directions.half(), "losses": torch.tensor(self.losses).view(-1, 4)}
        if judge is not None:
            record |= reference(judge, self.data)
        return {RECORD + name: value.contiguous() for name, value in record.items()}

    def _state(self) -> dict[str, Tensor]:
        """The networks as they are written: parameters in half precision."""
        state = {f"{name}.{key}": value for name in NETS for key, value in self.nets[name].state_dict().items()}
        return {key: value.half() if value.ndim > 1 else value for key, value in state.items()}

    def _keep(self) -> None:
        self.checkpoint.keep(step=str(self.step), losses=json.dumps(self.losses))

    def _resume(self) -> None:
        if facts := self.checkpoint.recall():
            self.step, self.losses = int(facts["step"]), json.loads(facts["losses"])

    def _identity(self) -> str:
        """What must agree for a checkpoint to be of this training."""
        count = len(self.data.train.labels)
        return json.dumps([self.model.digest, repr(self.plan), self.seed, self.steps, count, WEIGHT])

    def _facts(self) -> dict[str, str]:
        return {
            "steps": str(self.steps),
            "seed": str(self.seed),
            "pictures": str(len(self.data.train.labels)),
            "device": self.model.device.type,
            "versions": json.dumps({"torch": torch.__version__, "numpy": np.__version__}),
            "command": f"seewhy train generator --model {self.model.card.name} --images IMAGES --steps {self.steps}"
            f" --seed {self.seed} --out FILE",
        }
