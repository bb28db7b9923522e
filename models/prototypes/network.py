"""The classifier: features, similarity to each prototype at every place, the greatest of each, a linear head."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from models.errors import UnfitError
from models.handle import ModelHandle
from models.layers import Layer
from models.prototypes.about import About
from models.split import Body

Metric = Literal["cosine", "log_l2"]
WIDTH = 128  # channels after the add-on layers of the log-L2 variant (Chen et al. 2019, section 2.1)
EPSILON = 1e-4
SIMILARITY = "similarity"  # the layer whose channels are the prototypes' similarities


@dataclass(frozen=True)
class Spec:
    """What a prototype network is made of.

    Attributes:
        layer: of the backbone, where prototypes are compared with the picture.
        metric: ``cosine``, or ``log_l2`` of Chen et al. 2019.
        prototypes: how many there are.
        channels: of a prototype.
        classes: how many there are.
    """

    layer: Layer
    metric: Metric
    prototypes: int
    channels: int
    classes: int


class Similarity(nn.Module):
    """Similarity of every place to every prototype: (B, D, h, w) -> (B, P, h, w)."""

    def __init__(self, spec: Spec) -> None:
        super().__init__()
        self.metric = spec.metric
        self.prototypes = nn.Parameter(torch.zeros(spec.prototypes, spec.channels))
        self.add_on: nn.Module = nn.Identity() if spec.metric == "cosine" else add_on(spec.layer.shape[0])

    def forward(self, maps: Float[Tensor, "b d h w"]) -> Float[Tensor, "b p h w"]:
        """Cosine, or ``log((d + 1) / (d + epsilon))`` of the squared distance d."""
        z = self.add_on(maps)
        return similarity(z, self.prototypes, self.metric)


def add_on(channels: int) -> nn.Sequential:
    """The add-on layers of the log-L2 variant (section 2.1 of the paper)."""
    return nn.Sequential(nn.Conv2d(channels, WIDTH, 1), nn.ReLU(), nn.Conv2d(WIDTH, WIDTH, 1), nn.Sigmoid())


def compare(z: Float[Tensor, "b d h w"], prototypes: Float[Tensor, "p d"]) -> Float[Tensor, "b p h w"]:
    """Inner product of every place with every prototype."""
    return functional.conv2d(z, prototypes[:, :, None, None])


def similarity(z: Float[Tensor, "b d h w"], prototypes: Float[Tensor, "p d"], metric: Metric) -> Tensor:
    """Similarity of every place to every prototype, (B, P, h, w): cosine, or equation 1 of Chen et al. 2019."""
    if metric == "cosine":
        return compare(functional.normalize(z, dim=1), functional.normalize(prototypes, dim=1))
    return log_similarity(squared_distance(z, prototypes))


def squared_distance(z: Float[Tensor, "b d h w"], prototypes: Float[Tensor, "p d"]) -> Float[Tensor, "b p h w"]:
    """Squared Euclidean distance of every place to every prototype."""
    lengths = z.square().sum(1, keepdim=True) + prototypes.square().sum(1)[:, None, None]
    return (lengths - 2 * compare(z, prototypes)).clamp(min=0)


def log_similarity(distance: Tensor) -> Tensor:
    """Equation 1 of Chen et al. 2019."""
    return torch.log((distance + 1) / (distance + EPSILON))


class PrototypeNet(nn.Module):
    """A backbone whose last maps are compared with prototypes: (B, 3, H, W) -> logits (B, K)."""

    def __init__(self, backbone: nn.Module, spec: Spec) -> None:
        super().__init__()
        self.spec = spec
        self.backbone = backbone
        self.similarity = Similarity(spec)
        self.head = nn.Linear(spec.prototypes, spec.classes, bias=False)
        # Maps of layers are read where the backbone ends: a prototype's similarity is a neuron of the layer after it.
        self.default_layer = f"backbone.{spec.layer.name}"
        self.about: About | None = None  # what its file says, once it is filled
        self.record: dict[str, np.ndarray] = {}

    def features(self, x: Float[Tensor, "b c y x"]) -> Float[Tensor, "b d h w"]:
        """The backbone's maps, where prototypes are compared with them."""
        body = Body(self.backbone, self.backbone.get_submodule(self.spec.layer.name))
        return self.spec.layer.as_map(body(x))

    def similarities(self, x: Float[Tensor, "b c y x"]) -> Float[Tensor, "b p h w"]:
        """Similarity of every place to every prototype."""
        maps: Tensor = self.similarity(self.features(x))
        return maps

    def forward(self, x: Float[Tensor, "b c y x"]) -> Float[Tensor, "b k"]:
        """Logits: each class's weighted sum of the prototypes' greatest similarities."""
        logits: Tensor = self.head(self.similarities(x).amax((2, 3)))
        return logits

    def __getattr__(self, name: str) -> Any:
        # What tells how tokens lie in the backbone, for those that look for layers.
        if name in ("num_prefix_tokens", "patch_embed", "global_pool"):
            return getattr(super().__getattr__("backbone"), name)
        return super().__getattr__(name)


def prototype_net(model: ModelHandle) -> PrototypeNet:
    """The prototype network of a handle.

    Raises:
        UnfitError: it has no prototypes; the text names a model that has.
    """
    if not isinstance(model.network, PrototypeNet):
        raise UnfitError(
            f"{model.card.title} has no prototypes; choose menagerie_prototypes, or train a model that has with"
            " `seewhy train prototypes --images DIR --out FILE`."
        )
    return model.network
