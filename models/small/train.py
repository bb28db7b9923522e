"""Train a small network from a seed; it stops and goes on where it was.

An epoch draws its chance from the seed and its own number. On the CPU it runs on one thread: faster for networks this
small on shared cores, and the sums do not depend on the machine's load.
"""

import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import timm
import torch
from jaxtyping import Float, UInt8
from torch import Tensor
from torch.nn import functional

from models.small import data, nets
from models.training.checkpoint import Checkpoint
from models.training.file import check_name, write
from models.training.steady import chance, steady

BATCH, SHIFT, DECAY = 128, 4, 5e-4
EPOCHS = {"fashion_lenet": 10, "cifar10_cnn": 14, "fashion_resnet": 10, "cifar10_vgg": 8}
RATE = {"fashion_lenet": 2e-3, "cifar10_cnn": 4e-3, "fashion_resnet": 4e-3, "cifar10_vgg": 4e-3}

Report = Callable[[float, str], None]


def train(name: str, *, source: Path, out: Path, seed: int = 0, report: Report) -> dict[str, str]:
    """Train a network, ask it about the test pictures, and write its weights.

    Args:
        name: one of ``nets.SPECS``.
        source: the pictures; see `data.read`.
        out: the safetensors file; a checkpoint stands beside it until the training is done.
        seed: the same seed gives the same weights.
        report: hears ``(fraction, note)``; what it raises stops the training, which a later call resumes.

    Returns:
        The metadata in the file: accuracy on the test pictures, seed, epochs, command, versions.

    Raises:
        InputError: no such network, no such pictures, or a checkpoint of another training is in the way.
        StorageError: the file cannot be written.
    """
    check_name(out)
    return Lesson(nets.spec(name), data.read(source, nets.spec(name).input_size), seed, out).run(report)


class Lesson:
    """One training: network, optimiser, and how many epochs are done."""

    def __init__(self, chosen: nets.Spec, pictures: data.Data, seed: int, out: Path) -> None:
        """Start from the seed, or from the checkpoint of this very training."""
        self.chosen, self.pictures, self.seed, self.out, self.epoch = chosen, pictures, seed, out, 0
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.network = chosen.make()
        self.network.to(self.device).to(memory_format=torch.channels_last)
        self.optimiser = torch.optim.AdamW(self.network.parameters(), lr=RATE[chosen.name], weight_decay=DECAY)
        kept = {"network": self.network}, {"network": self.optimiser}
        self.checkpoint = Checkpoint(out, self._identity(), *kept)

    def run(self, report: Report) -> dict[str, str]:
        """Do the epochs that are left, the exam, and the file."""
        self.epoch = int(self.checkpoint.recall().get("epoch", 0))
        epochs = EPOCHS[self.chosen.name]
        with steady(self.device):
            while self.epoch < epochs:
                loss = self._learn(lambda share: report((self.epoch + share) / epochs, f"epoch {self.epoch + 1}"))
                self.epoch += 1
                self.checkpoint.keep(epoch=str(self.epoch))
                report(self.epoch / epochs, f"epoch {self.epoch} of {epochs}, loss {loss:.3f}")
            self.network.half().float()  # as it is written
            accuracy = self.accuracy()
        facts = self._facts(accuracy)
        state = {name: value.half() if value.is_floating_point() else value for name, value in self._state().items()}
        write(state, self.out, facts)
        self.checkpoint.remove()
        return facts

    def _learn(self, on_share: Callable[[float], None]) -> float:
        """One epoch; gives the mean loss."""
        self.network.train()
        images, labels = self.pictures.train.images, torch.from_numpy(self.pictures.train.labels)
        order = torch.randperm(len(labels), generator=chance(self.seed, self.epoch, 1)).split(BATCH)
        random, losses = chance(self.seed, self.epoch, 2), []
        for at, pick in enumerate(order):
            self._set_rate(self.epoch + at / len(order))
            batch = self._vary(self._normalise(images[pick.numpy()]), random)
            loss = functional.cross_entropy(self.network(batch), labels[pick].to(self.device))
            self.optimiser.zero_grad()
            loss.backward()
            self.optimiser.step()
            losses.append(loss.detach())
            if at % 50 == 0:
                on_share(at / len(order))
        return float(torch.stack(losses).mean())

    def _set_rate(self, epoch: float) -> None:
        """Up in the first epoch, then down along half a cosine."""
        epochs = EPOCHS[self.chosen.name]
        rise, fall = min(1.0, epoch + 0.01), 0.5 * (1 + math.cos(math.pi * epoch / epochs))
        for group in self.optimiser.param_groups:
            group["lr"] = RATE[self.chosen.name] * rise * fall

    def _vary(self, batch: Float[Tensor, "b c h w"], random: torch.Generator) -> Float[Tensor, "b c h w"]:
        """Shift the batch by a few pixels; mirror half of it where that changes nothing."""
        side = batch.shape[-1]
        down, right = torch.randint(0, 2 * SHIFT + 1, (2,), generator=random).tolist()
        padded = functional.pad(batch, (SHIFT,) * 4, mode="reflect")[:, :, down : down + side, right : right + side]
        if not self.chosen.mirrored:
            return padded
        mirrored = torch.rand(len(batch), generator=random).lt(0.5).view(-1, 1, 1, 1).to(self.device)
        return torch.where(mirrored, padded.flip(3), padded).contiguous(memory_format=torch.channels_last)

    def _normalise(self, images: UInt8[np.ndarray, "b h w c"]) -> Float[Tensor, "b c h w"]:
        batch = torch.tensor(images, device=self.device).permute(0, 3, 1, 2).float().div_(255)
        mean, std = (torch.tensor(v, device=self.device).view(-1, 1, 1) for v in (self.chosen.mean, self.chosen.std))
        return batch.sub_(mean).div_(std)

    @torch.no_grad()
    def accuracy(self) -> float:
        """Share of the test pictures named rightly."""
        self.network.eval()
        images, labels, right = self.pictures.test.images, self.pictures.test.labels, 0
        for at in range(0, len(labels), 500):
            logits: Float[Tensor, "b k"] = self.network(self._normalise(images[at : at + 500]))
            right += int((logits.argmax(1).cpu().numpy() == labels[at : at + 500]).sum())
        return right / len(labels)

    def _state(self) -> dict[str, Tensor]:
        return dict(self.network.state_dict())

    def _identity(self) -> str:
        """What must agree for a checkpoint to be of this training."""
        epochs, rate = EPOCHS[self.chosen.name], RATE[self.chosen.name]
        count = len(self.pictures.train.labels)
        return json.dumps([self.chosen.name, self.seed, epochs, rate, BATCH, count])

    def _facts(self, accuracy: float) -> dict[str, str]:
        return {
            "name": self.chosen.name,
            "architecture": self.chosen.name,
            "accuracy": f"{accuracy:.4f}",
            "test_pictures": str(len(self.pictures.test.labels)),
            "seed": str(self.seed),
            "epochs": str(EPOCHS[self.chosen.name]),
            "data": self.chosen.data,
            "versions": json.dumps({"torch": torch.__version__, "timm": timm.__version__, "numpy": np.__version__}),
            "command": f"seewhy train classifier --name {self.chosen.name} --data DATA --seed {self.seed} --out FILE",
        }
