"""How far a training got, beside the file that it will write: networks and optimisers as plain tensors, no pickle."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor, nn
from torch.optim import Optimizer

from models.errors import InputError
from models.training import file


@dataclass(frozen=True)
class Checkpoint:
    """The state of one training.

    Attributes:
        out: the file of weights that the training will write.
        training: what must agree for a state to be of this training.
        nets, optimisers: what is kept, by name.
    """

    out: Path
    training: str
    nets: Mapping[str, nn.Module]
    optimisers: Mapping[str, Optimizer]

    @property
    def path(self) -> Path:
        """Where the state lies."""
        return self.out.with_name(self.out.stem + ".checkpoint.safetensors")

    def keep(self, **facts: str) -> None:
        """Write the state, and what the training wants to know of itself when it goes on.

        Raises:
            StorageError: it cannot be written.
        """
        state = {
            f"net.{name}.{key}": value for name, net in self.nets.items() for key, value in net.state_dict().items()
        }
        for name, optimiser in self.optimisers.items():
            for index, entry in optimiser.state_dict()["state"].items():
                state |= {f"adam.{name}.{index}.{key}": value for key, value in entry.items()}
        file.write(state, self.path, {**facts, "training": self.training})

    def recall(self) -> dict[str, str]:
        """Put back what `keep` wrote, and give its facts; none where nothing was kept.

        Raises:
            InputError: the state is of another training, or cannot be read.
        """
        if not self.path.is_file():
            return {}
        facts, tensors = file.read(self.path)
        if facts.get("training") != self.training:
            raise InputError(f"'{self.path.name}' belongs to another training: delete it or choose another --out.")
        for name, net in self.nets.items():
            net.load_state_dict(_below(tensors, f"net.{name}."))
            state: dict[int, dict[str, Any]] = {}
            for key, value in _below(tensors, f"adam.{name}.").items():
                index, field = key.split(".")
                state.setdefault(int(index), {})[field] = value
            self.optimisers[name].load_state_dict({**self.optimisers[name].state_dict(), "state": state})
        return facts

    def remove(self) -> None:
        """Delete the state, where there is one."""
        self.path.unlink(missing_ok=True)


def _below(tensors: Mapping[str, Tensor], mark: str) -> dict[str, Tensor]:
    return {key.removeprefix(mark): value for key, value in tensors.items() if key.startswith(mark)}
