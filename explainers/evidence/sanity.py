"""Does the picture depend on what the model has learned? Replace its weights by noise and look again."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from scipy.stats import spearmanr
from torch import Tensor, nn
from torch.func import functional_call


def rank_correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Spearman's rank correlation of two maps of one shape; NaN when one of them has no order."""
    if not (np.isfinite(a).all() and np.isfinite(b).all()) or np.ptp(a) == 0 or np.ptp(b) == 0:
        return float("nan")
    return float(spearmanr(a.ravel(), b.ravel()).statistic)


class Reweighted(nn.Module):
    """The same network under other weights; the network itself is not touched, and its hooks still see it run."""

    def __init__(self, network: nn.Module, weights: dict[str, Tensor]) -> None:
        super().__init__()
        self._network, self._weights = [network], weights  # in a list, so that it is not a child of this module

    def forward(self, x: Tensor) -> Tensor:
        """As the network's own."""
        out: Tensor = functional_call(self._network[0], self._weights, (x,))
        return out

    def named_modules(self, *args: Any, **kwargs: Any) -> Iterator[tuple[str, nn.Module]]:
        """The network's own modules, so that it can be cut and recorded."""
        modules: Iterator[tuple[str, nn.Module]] = self._network[0].named_modules(*args, **kwargs)
        return modules

    def parameters(self, recurse: bool = True) -> Iterator[nn.Parameter]:
        """The network's own parameters: those that are not replaced."""
        return self._network[0].parameters(recurse)

    def get_submodule(self, target: str) -> nn.Module:
        """The network's own module, so that hooks find it."""
        return self._network[0].get_submodule(target)


def cascade(
    network: nn.Module,
    explain: Callable[[nn.Module], Float[np.ndarray, "h w"]],
    rng: np.random.Generator,
    stages: int = 6,
) -> Iterator[Float[np.ndarray, "h w"]]:
    """Maps under cascading randomisation, from the head down (Adebayo et al. 2018, section 3.1).

    Each stage redraws a further equal part of the parameter tensors, from a normal distribution with the tensor's
    own mean and deviation, so that activations keep their scale.

    Args:
        network: not touched.
        explain: a network -> its map.
        rng: seeds the draws.
        stages: how many maps; the last one is of a network without any learned parameter.
    """
    names = [name for name, _ in network.named_parameters()][::-1]
    tensors = dict(network.named_parameters())
    generator = torch.Generator().manual_seed(int(rng.integers(2**31)))
    weights: dict[str, Tensor] = {}
    for group in np.array_split(np.array(names, dtype=object), min(stages, len(names))):
        weights.update({name: _redrawn(tensors[name].detach(), generator) for name in group})
        yield explain(Reweighted(network, weights))


def _redrawn(tensor: Tensor, generator: torch.Generator) -> Tensor:
    spread = float(tensor.std()) if tensor.numel() > 1 else 1.0
    noise = torch.randn(tensor.shape, generator=generator) * spread + float(tensor.mean())
    return noise.to(device=tensor.device, dtype=tensor.dtype)
