"""The network after a layer, seen from the concepts: logits of codes, and whether that way is linear.

A way is called linear when it is the mean over places followed by one linear layer. That is found by trying: the layer
is fed one channel at a time, and what this predicts is compared with the network's answers on real activations.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from explainers.kit.dictionaries import Dictionary
from explainers.kit.hooks import frozen, record_output
from explainers.kit.importance.tail import ConceptHead, Logit, linear, pooled
from explainers.kit.linear_head import Head, composed_head, linear_head
from models import Layer, ModelHandle
from models.errors import InputError, UnfitError

BATCH = 64


@dataclass(frozen=True)
class Activations:
    """What the network makes of pictures: maps float32 (n, C, h, w), context (n, t, C), logits (n, K)."""

    maps: np.ndarray
    context: np.ndarray
    logits: np.ndarray


def activations_at(model: ModelHandle, layer: Layer, pixels: UInt8[np.ndarray, "n y x 3"]) -> Activations:
    """One forward pass of pictures at the model's size, recorded at ``layer``.

    Raises:
        UnfitError: the network does not run that layer.
    """
    with torch.inference_mode(), record_output(model.network, layer.name) as seen:
        logits = model.network(model.normalise(pixels))
    output = seen.taken()
    parts = (layer.as_map(output), context_of(layer, output), logits)
    maps, context, answers = (part.float().cpu().numpy() for part in parts)
    return Activations(np.ascontiguousarray(maps), context, answers)


@dataclass(frozen=True)
class NetworkTail:
    """The network from one layer on.

    Attributes:
        model: whose.
        layer: where.
        head: set when the way is linear.
    """

    model: ModelHandle
    layer: Layer
    head: Head | None = None

    def run(self, maps: Float[Tensor, "b c h w"], context: Float[Tensor, "b t c"]) -> Float[Tensor, "b k"]:
        """Logits of maps; ``context`` are the tokens before the patches, none for maps."""
        _, tail = self.model.split(self.layer.name)
        return tail(output_of(self.layer, maps, context))

    def logits(
        self, atoms: Dictionary, codes: Float[np.ndarray, "n *p k"], context: Float[np.ndarray, "n t c"]
    ) -> Float[np.ndarray, "n classes"]:
        """Logits of what the codes stand for; ``*p`` may be gone where the way is linear."""
        if self.head is not None:
            table = pooled(codes) @ (atoms.atoms @ self.head.weight.T) + self.head.bias
            return np.asarray(table + (atoms.mean @ self.head.weight.T if atoms.mean.size else 0))
        parts = []
        with torch.inference_mode():
            for start in range(0, len(codes), BATCH):
                piece = slice(start, start + BATCH)
                maps = self._maps(atoms, self._tensor(codes[piece]))
                parts.append(self.run(maps, self._tensor(context[piece])).float().cpu().numpy())
        return np.concatenate(parts)

    def tail(self, atoms: Dictionary, cls: int, context: Float[np.ndarray, "1 t c"]) -> ConceptHead:
        """From codes to the logit of one class, with its gradient, for images that share a context."""
        if self.head is not None:
            weight = self.head.weight[cls]
            bias = float(self.head.bias[cls]) + (float(atoms.mean @ weight) if atoms.mean.size else 0.0)
            return linear(atoms.atoms, weight, bias)

        def logit(codes: np.ndarray) -> np.ndarray:
            return np.asarray(self.logits(atoms, codes, np.repeat(context, len(codes), 0))[:, cls])

        return ConceptHead(logit, self._gradient(atoms, cls, context))

    def _gradient(self, atoms: Dictionary, cls: int, context: np.ndarray) -> Logit:
        def gradient(codes: np.ndarray) -> np.ndarray:
            parts = []
            for start in range(0, len(codes), BATCH):
                with frozen(self.model.network), torch.enable_grad():
                    leaf = self._tensor(codes[start : start + BATCH]).requires_grad_()
                    tokens = self._tensor(context).expand(len(leaf), -1, -1)
                    answer = self.run(self._maps(atoms, leaf), tokens)[:, cls].sum()
                    (slope,) = torch.autograd.grad(answer, leaf)
                parts.append(slope.cpu().numpy())
            return np.concatenate(parts)

        return gradient

    def _maps(self, atoms: Dictionary, codes: Float[Tensor, "b h w k"]) -> Float[Tensor, "b c h w"]:
        maps = codes @ self._tensor(atoms.atoms)
        if atoms.mean.size:
            maps = maps + self._tensor(atoms.mean)
        return maps.permute(0, 3, 1, 2)

    def _tensor(self, values: np.ndarray) -> Tensor:
        return torch.tensor(values, dtype=torch.float32, device=self.model.device)


def output_of(layer: Layer, maps: Float[Tensor, "b c h w"], context: Float[Tensor, "b t c"]) -> Tensor:
    """The module's own output from a map and the tokens before it: the inverse of `Layer.as_map`."""
    if layer.layout == "nchw":
        return maps
    last = maps.permute(0, 2, 3, 1)
    return last if layer.layout == "nhwc" else torch.cat([context.to(maps), last.flatten(1, 2)], 1)


def context_of(layer: Layer, output: Tensor) -> Float[Tensor, "b t c"]:
    """The tokens before the patches in a module's output; none for maps."""
    if layer.layout != "tokens":
        return output.new_zeros(len(output), 0, layer.shape[0])
    return output[:, : layer.prefix]


def pick(model: ModelHandle, name: str | None) -> Layer:
    """The layer called ``name``; for None the last whole cut of the network whose map the answer depends on.

    Raises:
        InputError: the layer is not there, a path leads around it, or no layer is a map.
        UnfitError: no layer is a whole cut.
    """
    if name:
        model.split(name)
        return model.layer(name)
    layers, default = model.layers(), model.layer(None)
    before = [layer for layer in reversed(layers[: layers.index(default)]) if layer.name in model.findings.whole]
    for layer in [default, *sorted(before, key=lambda layer: not layer.main)]:
        if layer.name in model.findings.whole and _is_cut(model, layer):
            return layer
    raise UnfitError(
        f"{model.card.title} looks at the picture in several ways side by side, and concepts need a layer through which"
        " all of them go; choose a heat map, such as Grad-CAM."
    )


def _is_cut(model: ModelHandle, layer: Layer) -> bool:
    try:
        model.split(layer.name)
    except InputError:
        return False
    return True


def onward(
    model: ModelHandle,
    layer: Layer,
    maps: Float[np.ndarray, "n c h w"],
    logits: Float[np.ndarray, "n k"],
    report: Callable[[float], None] = lambda _: None,
) -> NetworkTail:
    """The network after ``layer``, as a linear head where it is one, judged on real maps and their logits."""
    whole = NetworkTail(model, layer)
    if layer.prefix:
        return whole
    return NetworkTail(model, layer, _head(whole, maps[:8], logits[:8], report))


def _head(way: NetworkTail, maps: np.ndarray, logits: np.ndarray, report: Callable[[float], None]) -> Head | None:
    """The head as arrays: of a linear layer where one gives these logits, else of all that follows, found by trying."""
    device = way.model.device
    layer = linear_head(way.model, torch.tensor(maps, device=device), torch.tensor(logits, device=device))
    if layer is None:
        return composed_head(lambda x: _answers(way, x), maps, logits, report)
    weight = layer.weight.detach().float().cpu().numpy()
    bias = np.zeros(len(weight), np.float32) if layer.bias is None else layer.bias.detach().float().cpu().numpy()
    return Head(weight, bias)


def _answers(way: NetworkTail, maps: np.ndarray) -> np.ndarray:
    x = torch.tensor(maps, dtype=torch.float32, device=way.model.device)
    with torch.inference_mode():
        return way.run(x, x.new_zeros(len(x), 0, x.shape[1])).float().cpu().numpy()
