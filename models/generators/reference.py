"""What a judge makes of real pictures: what samples of a generator are compared with. No picture is kept."""

from itertools import combinations

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from models.generators.encoder import Encoder
from models.generators.plan import Plan
from models.generators.similarity import ssim
from models.handle import ModelHandle
from models.small.data import Data, Pictures

KEPT = 1000  # pictures of each kind, whose features go into the file
PAIRS = 60  # of each class


def judge_plan(judge: ModelHandle) -> Plan:
    """Where a judge's features are read: the mean of its last map."""
    name = judge.layer(None).name
    return Plan(name, name, 1, min(judge.card.input_size[1:]), (1,))


@torch.no_grad()
def features(judge: ModelHandle, pictures: Float[Tensor, "n c s s"]) -> Float[Tensor, "n f"]:
    """Features of pictures in (0, 1) under the judge."""
    encoder = Encoder(judge, judge_plan(judge))
    return torch.cat([encoder(part).h for part in pictures.split(64)])


def reference(judge: ModelHandle, data: Data) -> dict[str, Tensor]:
    """Features of test and training pictures with their classes, and how unlike real pictures of a class are."""
    kept: dict[str, Tensor] = {}
    for name, pictures in (("real", data.test), ("learnt", data.train)):
        at = np.linspace(0, len(pictures.labels) - 1, min(KEPT, len(pictures.labels))).astype(int)
        kept[name] = features(judge, tensor(pictures.images[at], judge)).half()
        kept[f"{name}_labels"] = torch.from_numpy(pictures.labels[at].astype(np.int32))
    return kept | {"diversity": torch.tensor(_diversities(data.test, judge))}


def _diversities(pictures: Pictures, judge: ModelHandle) -> list[float]:
    values = []
    for label in range(len(judge.card.labels)):
        of_class = pictures.images[pictures.labels == label][:12]
        values.append(diversity(tensor(of_class, judge)) if len(of_class) > 1 else float("nan"))
    return values


def diversity(pictures: Float[Tensor, "n c s s"]) -> float:
    """How unlike pictures are: 1 - SSIM over several scales, the mean over pairs."""
    pairs = list(combinations(range(len(pictures)), 2))[:PAIRS]
    one, other = (torch.stack([pictures[pair[at]] for pair in pairs]) for at in (0, 1))
    return float(1 - ssim(one, other).mean())


def tensor(images: UInt8[np.ndarray, "n h w c"], model: ModelHandle) -> Float[Tensor, "n c h w"]:
    """Pictures as floats in (0, 1) on the model's device."""
    return torch.tensor(images, device=model.device).permute(0, 3, 1, 2).float().div_(255)
