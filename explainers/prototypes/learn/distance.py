"""The log-L2 variant of Chen et al. 2019 on kept features: add-on layers and prototypes, trained in stages.

Warm: add-on layers and prototypes with cross-entropy, 0.8 x cluster cost and -0.08 x separation cost (equations 3 to 5
of the paper), while each class's own prototypes count 1 and the others -0.5. Push: every prototype becomes the nearest
patch of its class. Last layer: the weights alone, sparse, which `head` fits.
"""

from collections.abc import Callable

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from models.prototypes.network import WIDTH, add_on, log_similarity, squared_distance

EPOCHS, BATCH, RATE = 12, 64, 3e-3
CLUSTER, SEPARATION, OTHER = 0.8, -0.08, -0.5


class Distances(nn.Module):
    """Add-on layers and prototypes, as `models.prototypes.network.Similarity` keeps them."""

    def __init__(self, channels: int, owner: Int[np.ndarray, " p"], generator: torch.Generator) -> None:
        super().__init__()
        self.add_on = add_on(channels)
        for parameter in self.add_on.parameters():
            bound = 1 / np.sqrt(parameter[0].numel()) if parameter.ndim > 1 else 0.0
            nn.init.uniform_(parameter, -bound, bound, generator=generator)
        self.prototypes = nn.Parameter(torch.rand(len(owner), WIDTH, generator=generator))
        self.owner: Tensor
        self.register_buffer("owner", torch.from_numpy(owner), persistent=False)

    def forward(self, maps: Float[Tensor, "b d h w"]) -> Float[Tensor, "b p"]:
        """Least squared distance of each picture to each prototype."""
        return squared_distance(self.add_on(maps), self.prototypes).amin((2, 3))


def warm(
    maps: Float[np.ndarray, "n d h w"],
    labels: Int[np.ndarray, " n"],
    owner: Int[np.ndarray, " p"],
    seed: int,
    report: Callable[[float, str], None],
) -> Distances:
    """The first stage; the backbone is frozen, its features are given."""
    generator = torch.Generator().manual_seed(seed)
    model = Distances(maps.shape[1], owner, generator)
    optimiser = torch.optim.Adam(model.parameters(), lr=RATE)
    values, truth = torch.from_numpy(maps), torch.from_numpy(labels)
    for epoch in range(EPOCHS):
        right = 0
        for pick in torch.randperm(len(truth), generator=generator).split(BATCH):
            loss, logits = cost(model, values[pick].float(), truth[pick])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            right += int((logits.argmax(1) == truth[pick]).sum())
        report(
            (epoch + 1) / EPOCHS, f"epoch {epoch + 1} of {EPOCHS}: {right / len(truth):.1%} of the training pictures"
        )
    return model.requires_grad_(False)


def cost(model: Distances, maps: Float[Tensor, "b d h w"], labels: Int[Tensor, " b"]) -> tuple[Tensor, Tensor]:
    """Equation 3 of the paper, with the fixed weights of the first stage; and the logits."""
    distance = model(maps)
    of_class = model.owner == labels[:, None]
    classes = int(model.owner.max()) + 1
    weight = torch.where(model.owner == torch.arange(classes, device=model.owner.device)[:, None], 1.0, OTHER)
    logits = log_similarity(distance) @ weight.T
    far = distance.new_tensor(
        torch.inf
    )  # what is not meant must not be the least (not max - d, which the least can pass)
    cluster = torch.where(of_class, distance, far).amin(1).mean()
    separation = torch.where(of_class, far, distance).amin(1).mean()
    return functional.cross_entropy(logits, labels) + CLUSTER * cluster + SEPARATION * separation, logits
