"""From a network and inputs to signed maps, a whole batch at once."""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from explainers.attribution import cams
from explainers.kit.hooks import activations_and_gradients
from models import Layer, ModelHandle
from models.errors import UnfitError


@dataclass(frozen=True)
class Maps:
    """Signed maps of a batch.

    Attributes:
        cam: (B, h, w) at the layer's resolution, before the ReLU.
        alpha: (B, C) weight of each channel.
        logits: (B, K).
    """

    cam: Float[Tensor, "b h w"]
    alpha: Float[Tensor, "b c"]
    logits: Float[Tensor, "b k"]


def gradcam_maps(
    model: ModelHandle,
    x: Float[Tensor, "b 3 y x"],
    targets: Int[Tensor, " b"] | None = None,
    layer: str | None = None,
    *,
    sign: int = 1,
) -> Maps:
    """Grad-CAM of a batch (Selvaraju et al. 2017, equations 1 and 2, without the ReLU).

    Args:
        model: left exactly as found.
        x: normalised inputs.
        targets: class of each input; its own top class by default.
        layer: name; the last map before pooling by default.
        sign: -1 for the counterfactual (section 3.3): what speaks against the class.

    Raises:
        UnfitError: every gradient at this layer is exactly zero.
    """
    place = model.layer(layer)

    def score(logits: Tensor) -> Tensor:
        chosen = logits.argmax(1) if targets is None else targets.to(logits.device)
        return logits.gather(1, chosen[:, None])[:, 0]

    activations, gradients, logits = activations_and_gradients(model.network, place, x, score)
    alpha = cams.gradcam_weights(gradients * sign)
    if not bool(alpha.any()):
        check_gradients(model, place, gradients)
    return Maps(cams.weighted_sum(activations, alpha), alpha, logits)


def check_gradients(model: ModelHandle, layer: Layer, gradients: Float[Tensor, "b c h w"]) -> None:
    """Refuse, in words, a layer where the answer no longer depends on any patch."""
    if not bool(gradients.any()):
        good = model.layer(None).name
        raise UnfitError(
            f"At layer '{layer.name}' the answer no longer depends on the patches (all gradients are exactly zero),"
            f" as in the last block of a network that reads only its class token; choose '{good}'."
        )


def heatmap(cam: Float[np.ndarray, "h w"], size: tuple[int, int]) -> Float[np.ndarray, "y x"]:
    """What is drawn: ReLU, bilinear (align_corners=False) to ``size`` (rows, columns), divided by its maximum.

    A map that is negative everywhere gives zeros; the words beside it say so.
    """
    positive = torch.from_numpy(cam).clamp(min=0)[None, None]
    large = F.interpolate(positive, size=size, mode="bilinear", align_corners=False)[0, 0]
    top = float(large.max())
    return (large / top if top > 0 else large).numpy()
