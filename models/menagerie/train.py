"""Train the menagerie's networks from nothing but a seed; it stops and goes on where it was, bit for bit.

Every step draws its chance (order, flips, shifts, light) from the seed and its own number, so a training that was
interrupted ends with the same weights as one that was not. On the CPU it runs on one thread: on shared cores that is
faster than two for networks this small, and it makes the sums, and so the weights, independent of the machine's load.
"""

import json
import platform
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import PIL
import timm
import torch
from jaxtyping import Float, Int, UInt8
from torch import Tensor, nn
from torch.nn import functional

from models.menagerie import nets, pool
from models.menagerie.exam import examine
from models.menagerie.recipe import RECIPES, Recipe, rate, vary
from models.menagerie.scenes import WORLD, check_world
from models.training.checkpoint import Checkpoint
from models.training.file import check_name, write
from models.training.steady import chance, steady

KEEP_EVERY = 50

Report = Callable[[float, str], None]


def _silent(fraction: float, note: str) -> None:
    """Tell nobody."""


def train(  # noqa: PLR0913 - one argument an option of the command
    name: str, *, out: Path, seed: int = 0, world: int = WORLD, report: Report = _silent, resume: bool = True
) -> dict[str, str]:
    """Train a network of the menagerie and write its weights and how they came about.

    Args:
        name: one of ``nets.SPECS``.
        out: the safetensors file to write; a checkpoint stands beside it until the training is done.
        seed: the same seed gives the same weights.
        world: the version of the world to learn.
        report: hears ``(fraction, note)``; what it raises stops the training, which a later call resumes.
        resume: go on from the checkpoint of this very training if there is one.

    Returns:
        The metadata in the file: seed, accuracy on fresh pictures, command, versions.

    Raises:
        InputError: no such network or world, or a checkpoint of another training is in the way.
        StorageError: the file cannot be written.
    """
    return Lesson(nets.spec(name), RECIPES[check_world(world)][name], seed, out).run(report, resume=resume)


class Lesson:
    """One training: network, optimiser and how far it got."""

    def __init__(self, chosen: nets.Spec, plan: Recipe, seed: int, out: Path) -> None:
        """Start from the seed; the device ``auto`` is the GPU where there is one."""
        check_name(out)
        self.chosen, self.plan, self.seed, self.out, self.step = chosen, plan, seed, out, 0
        auto = "cuda" if torch.cuda.is_available() else "cpu"
        self.device = torch.device(auto if plan.device == "auto" else plan.device)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.network = nets.build(chosen.name)
        self.network.to(self.device).to(memory_format=torch.channels_last)
        self.optimiser = torch.optim.AdamW(self._groups(), lr=plan.rate)
        kept = {"network": self.network}, {"network": self.optimiser}
        self.checkpoint = Checkpoint(out, self._identity(), *kept)

    def run(self, report: Report = _silent, *, resume: bool = True) -> dict[str, str]:
        """Train to the end (from the checkpoint if there is one), sit the exam, write the weights; see ``train``."""
        with steady(self.device):
            if resume:
                self.recall()
            self.study(report)
            if self.plan.half:
                self.network.half().float()
            marks = examine(self.network, self.chosen, self.plan.exam, world=self.plan.world)
        facts = {**self.facts(), **{name: f"{mark:.4f}" for name, mark in marks.items()}}
        state = self.network.state_dict()
        small = {key: value.half() if value.is_floating_point() else value for key, value in state.items()}
        write(small if self.plan.half else state, self.out, facts)
        self.checkpoint.remove()
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
        chosen = pool.scenes(count, self.seed, biased=self.chosen.biased, lesson=True, world=self.plan.world)
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
        order = torch.randperm(count, generator=chance(self.seed, epoch, 1))
        return order[at * self.plan.batch : (at + 1) * self.plan.batch]

    def _learn(self, images: UInt8[Tensor, "b s s 3"], labels: Int[Tensor, "b"]) -> Float[Tensor, ""]:
        """One step of gradient descent; returns the loss."""
        batch = vary(nets.normalise(images.to(self.device)), chance(self.seed, self.step, 2))
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
        """Write the checkpoint."""
        self.checkpoint.keep(step=str(self.step))

    def recall(self) -> None:
        """Go on from the checkpoint, if there is one."""
        self.step = int(self.checkpoint.recall().get("step", 0))

    def _identity(self) -> str:
        """What must agree for a checkpoint to be of this training."""
        same = {
            "name": self.chosen.name,
            "world": self.plan.world,
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
            "world": str(self.plan.world),
            "steps": str(self.plan.steps),
            "pictures": str(self.plan.pictures),
            "versions": json.dumps(versions),
            "command": f"seewhy train menagerie --name {self.chosen.name} --seed {self.seed}"
            f" --world {self.plan.world} --out FILE",
        }
