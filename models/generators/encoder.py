"""The classifier as an encoder: features of pictures at two layers, with noise between them when it is wanted."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from models.errors import UnfitError
from models.generators.plan import Plan
from models.handle import ModelHandle

Noise = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Encoded:
    """What the classifier makes of pictures.

    Attributes:
        h: the code, one row a picture. h1: the map or vector of the lower layer. logits: its answers.
    """

    h: Float[Tensor, "b d"]
    h1: Float[Tensor, "b *c"]
    logits: Float[Tensor, "b k"]


class Encoder:
    """A frozen classifier, asked about pictures in (0, 1)."""

    def __init__(self, model: ModelHandle, plan: Plan) -> None:
        """Find the layers.

        Raises:
            UnfitError: the classifier has no such layer.
        """
        self.model, self.plan = model, plan
        self._maps = {layer.name: layer for layer in model.layers()}
        try:
            self._layers = [model.network.get_submodule(name) for name in (plan.layer, plan.lower)]
        except AttributeError as error:
            raise UnfitError(f"{model.card.title} has no layer '{plan.layer}' or '{plan.lower}'.") from error
        self._mean, self._std = (
            torch.tensor(values, device=model.device).view(1, -1, 1, 1) for values in (model.card.mean, model.card.std)
        )

    def __call__(self, pictures: Float[Tensor, "b c s s"], noise: Noise | None = None) -> Encoded:
        """Encode pictures; ``noise`` changes the output of the lower layer on the way."""
        with self._recorded(noise) as seen:
            logits = self.model.network(self.prepared(pictures))
        return Encoded(self._code(seen[0]), seen[1], logits)

    def beside(
        self, score: Callable[[Tensor], Tensor], pictures: Float[Tensor, "b c s s"]
    ) -> tuple[Float[Tensor, " b"], Float[Tensor, "b d"]]:
        """A score of prepared pictures, and their code, from the forward pass of the score where it runs one."""
        with self._recorded(None) as seen:
            values = score(self.prepared(pictures))
        if not seen[0].numel():  # the score does not ask this network
            return values, self(pictures).h
        return values, self._code(seen[0])

    def prepared(self, pictures: Float[Tensor, "b c s s"]) -> Float[Tensor, "b c h w"]:
        """Pictures in (0, 1) as the classifier takes them: resized and normalised."""
        size = self.model.card.input_size[1:]
        if pictures.shape[2:] != size:
            pictures = functional.interpolate(pictures, size=size, mode="bilinear", align_corners=False)
        return ((pictures - self._mean) / self._std).contiguous(memory_format=self.model.memory_format)

    def _code(self, output: Tensor) -> Float[Tensor, "b d"]:
        if output.ndim == 2:
            return output
        layer = self._maps.get(self.plan.layer)
        maps = output if layer is None else layer.as_map(output)
        return functional.adaptive_avg_pool2d(maps, self.plan.grid).flatten(1)

    @contextmanager
    def _recorded(self, noise: Noise | None) -> Iterator[list[Tensor]]:
        seen: list[Tensor] = [torch.empty(0), torch.empty(0)]

        def upper(_module: object, _inputs: object, output: Tensor) -> None:
            seen[0] = output

        def lower(_module: object, _inputs: object, output: Tensor) -> Tensor:
            seen[1] = output if noise is None else noise(output)
            return seen[1]

        hooks = (upper, lower)
        handles = [layer.register_forward_hook(hook) for layer, hook in zip(self._layers, hooks, strict=True)]
        try:
            yield seen
        finally:
            for handle in handles:
                handle.remove()
