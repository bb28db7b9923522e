"""Train the menagerie's networks from nothing but a seed; it stops and goes on where it was, bit for bit.

Every step draws its chance (order, flips, shifts, light) from the seed and its own number, so a training that was
interrupted ends with the same weights as one that was not. On the CPU it runs on one thread: on shared cores that is
faster than two for networks this small, and it makes the sums, and so the weights, independent of the machine's load.
"""

import contextlib
import ctypes
import json
import math
import platform
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import PIL
import timm
import torch
from jaxtyping import Float, Int, UInt8
from torch import Tensor, nn
from torch.nn import functional

from models.errors import InputError
from models.menagerie import checkpoint, nets, pool
from models.menagerie.exam import examine

SHIFT = 8
KEEP_EVERY = 50

Report = Callable[[float, str], None]


@dataclass(frozen=True, slots=True)
class Recipe:
    """How long and how boldly to train, and on what.

    ``half`` writes the weights in 16 bits, and examines them so rounded.
    ``horizon`` is the length of the cosine (0: all steps); a training that stops short of it fades out linearly over
    the last ``cooldown`` steps, which brings most of what the rest of the cosine would (Hägele et al., NeurIPS 2024).
    """

    steps: int
    rate: float
    pictures: int = 16_000
    batch: int = 64
    decay: float = 0.05
    warmup: float = 0.08
    cooldown: int = 0
    horizon: int = 0
    half: bool = False
    exam: int = 960
    device: str = "auto"
    workers: int = 1


RECIPES: dict[str, Recipe] = {
    "menagerie_cnn": Recipe(steps=1200, rate=3e-3),
    "menagerie_biased_cnn": Recipe(steps=700, rate=3e-3, pictures=12_000),
    "menagerie_vit": Recipe(steps=2400, rate=1e-3, warmup=0.1, half=True),
}


def _silent(fraction: float, note: str) -> None:
    """Tell nobody."""


def train(name: str, *, out: Path, seed: int = 0, report: Report = _silent, resume: bool = True) -> dict[str, str]:
    """Train a network of the menagerie and write its weights and how they came about.

    Args:
        name: one of ``nets.SPECS``.
        out: the safetensors file to write; a checkpoint stands beside it until the training is done.
        seed: the same seed gives the same weights.
        report: hears ``(fraction, note)``; what it raises stops the training, which a later call resumes.
        resume: go on from the checkpoint of this very training if there is one.

    Returns:
        The metadata in the file: seed, accuracy on fresh pictures, command, versions.

    Raises:
        InputError: no such network, or a checkpoint of another training is in the way.
        StorageError: the file cannot be written.
    """
    return Lesson(nets.spec(name), RECIPES[nets.spec(name).name], seed, out).run(report, resume=resume)


class Lesson:
    """One training: network, optimiser and how far it got."""

    def __init__(self, chosen: nets.Spec, plan: Recipe, seed: int, out: Path) -> None:
        """Start from the seed; the device ``auto`` is the GPU where there is one."""
        if out.suffix != ".safetensors":
            raise InputError(f"Weights are written as .safetensors: give --out a name like '{out.stem}.safetensors'.")
        self.chosen, self.plan, self.seed, self.out, self.step = chosen, plan, seed, out, 0
        auto = "cuda" if torch.cuda.is_available() else "cpu"
        self.device = torch.device(auto if plan.device == "auto" else plan.device)
        self.checkpoint = out.with_name(out.stem + ".checkpoint.safetensors")
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.network = nets.build(chosen.name)
        self.network.to(self.device).to(memory_format=torch.channels_last)
        self.optimiser = torch.optim.AdamW(self._groups(), lr=plan.rate)

    def run(self, report: Report = _silent, *, resume: bool = True) -> dict[str, str]:
        """Train to the end (from the checkpoint if there is one), sit the exam, write the weights; see ``train``."""
        with _steady(self.device):
            if resume:
                self.recall()
            self.study(report)
            if self.plan.half:
                self.network.half().float()
            marks = examine(self.network, self.chosen, self.plan.exam)
        facts = {**self.facts(), **{name: f"{mark:.4f}" for name, mark in marks.items()}}
        state = self.network.state_dict()
        small = {key: value.half() if value.is_floating_point() else value for key, value in state.items()}
        checkpoint.write(small if self.plan.half else state, self.out, facts)
        self.checkpoint.unlink(missing_ok=True)
        return facts

    def _groups(self) -> list[dict[str, Any]]:
        """Weights decay; biases, norms and the like do not."""
        flat = [p for p in self.network.parameters() if p.ndim < 2]
        deep = [p for p in self.network.parameters() if p.ndim >= 2]
        return [{"params": deep, "weight_decay": self.plan.decay}, {"params": flat, "weight_decay": 0.0}]

    def study(self, report: Report) -> None:
        """Do the steps that are left."""
        if self.step >= self.plan.steps:
            return
        images, labels = self._pictures(report)
        losses = []
        self.network.train()
        while self.step < self.plan.steps:
            pick = self._order(len(labels))
            losses.append(self._learn(images[pick], labels[pick]))
            self.step += 1
            if self.step % KEEP_EVERY == 0 or self.step == self.plan.steps:
                self.keep()
                loss = float(torch.stack(losses).mean())
                losses.clear()
                report(
                    0.1 + 0.9 * self.step / self.plan.steps, f"step {self.step} of {self.plan.steps}, loss {loss:.3f}"
                )

    def _pictures(self, report: Report) -> tuple[UInt8[Tensor, "n s s 3"], Int[Tensor, "n"]]:
        count = self.plan.pictures
        chosen = pool.scenes(count, self.seed, biased=self.chosen.biased, lesson=True)
        drawn = pool.draw(
            chosen,
            nets.SIZE,
            workers=self.plan.workers,
            report=lambda done: report(0.1 * done / count, f"drew {done} of {count} pictures"),
        )
        return torch.from_numpy(drawn.images), torch.from_numpy(drawn.labels)

    def _order(self, count: int) -> Int[Tensor, "b"]:
        """Which pictures this step sees: every picture once an epoch, in an order of the epoch's own."""
        steps = max(1, count // self.plan.batch)
        epoch, at = divmod(self.step, steps)
        order = torch.randperm(count, generator=_chance(self.seed, epoch, 1))
        return order[at * self.plan.batch : (at + 1) * self.plan.batch]

    def _learn(self, images: UInt8[Tensor, "b s s 3"], labels: Int[Tensor, "b"]) -> Float[Tensor, ""]:
        """One step of gradient descent; returns the loss."""
        batch = vary(nets.normalise(images.to(self.device)), _chance(self.seed, self.step, 2))
        for group in self.optimiser.param_groups:
            group["lr"] = rate(self.plan, self.step)
        with torch.autocast("cuda", torch.bfloat16, enabled=self.device.type == "cuda"):
            logits = self.network(batch.contiguous(memory_format=torch.channels_last))
        loss = functional.cross_entropy(logits.float(), labels.to(self.device))
        self.optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimiser.step()
        return loss.detach()

    def keep(self) -> None:
        """Write the checkpoint: weights, optimiser state and step, no pickle."""
        state = {f"network.{key}": value for key, value in self.network.state_dict().items()}
        for index, entry in self.optimiser.state_dict()["state"].items():
            state |= {f"optimiser.{index}.{key}": value for key, value in entry.items()}
        checkpoint.write(state, self.checkpoint, {"step": str(self.step), "training": self._identity()})

    def recall(self) -> None:
        """Go on from the checkpoint, if there is one."""
        if not self.checkpoint.is_file():
            return
        metadata, tensors = checkpoint.read(self.checkpoint)
        if metadata.get("training") != self._identity():
            raise InputError(
                f"'{self.checkpoint.name}' belongs to another training: delete it or choose another --out."
            )
        self.network.load_state_dict(
            {k.removeprefix("network."): v for k, v in tensors.items() if k.startswith("network.")}
        )
        state: dict[int, dict[str, Tensor]] = {}
        for key, value in tensors.items():
            if key.startswith("optimiser."):
                _, index, field = key.split(".")
                state.setdefault(int(index), {})[field] = value
        self.optimiser.load_state_dict({**self.optimiser.state_dict(), "state": state})
        self.step = int(metadata["step"])

    def _identity(self) -> str:
        """What must agree for a checkpoint to be of this training."""
        same = {
            "name": self.chosen.name,
            "seed": self.seed,
            "steps": self.plan.steps,
            "pictures": self.plan.pictures,
            "batch": self.plan.batch,
            "rate": self.plan.rate,
            "horizon": self.plan.horizon,
            "cooldown": self.plan.cooldown,
        }
        return json.dumps(same, sort_keys=True)

    def facts(self) -> dict[str, str]:
        """What to write beside the weights."""
        versions = {
            "python": platform.python_version(),
            "torch": torch.__version__,
            "timm": timm.__version__,
            "numpy": np.__version__,
            "pillow": PIL.__version__,
        }
        return {
            "name": self.chosen.name,
            "architecture": self.chosen.name,
            "seed": str(self.seed),
            "steps": str(self.plan.steps),
            "pictures": str(self.plan.pictures),
            "versions": json.dumps(versions),
            "command": f"seewhy train menagerie --name {self.chosen.name} --seed {self.seed} --out FILE",
        }


def rate(plan: Recipe, step: int) -> float:
    """Learning rate of a step: a linear warm-up, half a cosine over ``horizon`` steps, a linear cooldown at the end."""
    horizon = plan.horizon or plan.steps
    warm = max(1, round(plan.warmup * horizon))
    if step < warm:
        return plan.rate * (step + 1) / warm
    fade = 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, horizon - warm)))
    return plan.rate * fade * min(1.0, (plan.steps - step) / max(1, plan.cooldown))


def vary(batch: Float[Tensor, "b 3 s s"], chance: torch.Generator) -> Float[Tensor, "b 3 s s"]:
    """Flip half of the pictures, shift all by up to ``SHIFT`` pixels, change each one's light a little."""
    count, side = len(batch), batch.shape[-1]
    flips = torch.rand(count, generator=chance) < 0.5
    light = torch.empty(count, 1, 1, 1).uniform_(0.85, 1.15, generator=chance).to(batch.device)
    right, down = torch.randint(0, 2 * SHIFT + 1, (2,), generator=chance).tolist()
    mirrored = torch.where(flips.view(-1, 1, 1, 1).to(batch.device), batch.flip(3), batch)
    padded = functional.pad(mirrored, (SHIFT,) * 4, mode="reflect")
    return padded[:, :, down : down + side, right : right + side] * light


def _chance(seed: int, number: int, stream: int) -> torch.Generator:
    """A generator of its own for a step or an epoch."""
    state = np.random.SeedSequence([seed, number, stream]).generate_state(1, np.uint64)[0]
    return torch.Generator().manual_seed(int(state >> np.uint64(1)))


@contextlib.contextmanager
def _steady(device: torch.device) -> Iterator[None]:
    """On the CPU: one thread, and freed memory kept for the next step; both as before at the end."""
    before = torch.get_num_threads()
    if device.type == "cpu":
        torch.set_num_threads(1)
        _tune_memory(maps=0, trim=2**31 - 1)
    try:
        yield
    finally:
        if device.type == "cpu":
            torch.set_num_threads(before)
            _tune_memory(maps=65536, trim=128 * 1024)


def _tune_memory(*, maps: int, trim: int) -> None:
    """Tell glibc how many blocks may be mapped on their own and how much free memory to keep.

    Its defaults hand every large tensor back to the system after each step, which took half of the time when measured
    (114 against 243 pictures a second). Other systems have no such setting, and need none.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is not None:
        mallopt(-4, maps)  # M_MMAP_MAX
        mallopt(-1, trim)  # M_TRIM_THRESHOLD
