"""The CAM family as pure functions: activations and gradients in, weights of the activations out.

A stands for activations (B, C, h, w), G for gradients dy/dA of the same shape, mean_hw for the mean over rows and
columns. A function returns weights W, one a channel (B, C) or one a channel and place (B, C, h, w); the map is always
``signed_map(A, W)`` = sum_k W_k A_k: positive supports the score, negative opposes it. Papers put a ReLU around it.
"""

import torch
from jaxtyping import Float
from torch import Tensor

Maps = Float[Tensor, "b c h w"]


def signed_map(activations: Maps, weights: Float[Tensor, "b c *hw"]) -> Float[Tensor, "b h w"]:
    """sum_k W_k A_k, before any ReLU."""
    full = weights if weights.ndim == 4 else weights[:, :, None, None]
    return (activations * full).sum(dim=1)


def gradcam(_activations: Maps, gradients: Maps) -> Float[Tensor, "b c"]:
    """W_k = mean_hw G_k (Selvaraju et al. 2017, equation 1)."""
    return gradients.mean(dim=(2, 3))


def counterfactual(activations: Maps, gradients: Maps) -> Float[Tensor, "b c"]:
    """W_k = mean_hw -G_k: what opposes the class (Selvaraju et al. 2017, section 3.3)."""
    return -gradcam(activations, gradients)


def gradcam_plus_plus(activations: Maps, gradients: Maps) -> Float[Tensor, "b c"]:
    """W_k = sum_hw a_k ReLU(G_k) with a_k = G_k^2 / (2 G_k^2 + (sum_hw A_k) G_k^3).

    Chattopadhay et al. 2018, equation 19, with the derivatives of exp(y) written in G; a_k = 0 where G_k = 0.
    """
    return smooth_gradcam_plus_plus(activations, gradients[None])


def smooth_gradcam_plus_plus(activations: Maps, gradients: Float[Tensor, "n b c h w"]) -> Float[Tensor, "b c"]:
    """Grad-CAM++ with G, G^2 and G^3 replaced by their means over n noisy copies (Omeiza et al. 2019, equation 9)."""
    first, square, cube = (gradients.pow(power).mean(0) for power in (1, 2, 3))
    below = 2 * square + activations.sum((2, 3), keepdim=True) * cube
    alpha = torch.where((square > 0) & (below != 0), square / below, 0)
    return (alpha * first.clamp(min=0)).sum((2, 3))


def xgradcam(activations: Maps, gradients: Maps) -> Float[Tensor, "b c"]:
    """W_k = sum_hw (A_k / sum_hw A_k) G_k (Fu et al. 2020, equation 8); 0 for a channel that sums to 0."""
    total = activations.sum((2, 3))
    return torch.where(total != 0, (activations * gradients).sum((2, 3)) / total, 0)


def hirescam(_activations: Maps, gradients: Maps) -> Maps:
    """W_k = G_k, place by place (Draelos and Carin 2020, equation 3)."""
    return gradients


def layercam(_activations: Maps, gradients: Maps) -> Maps:
    """W_k = ReLU(G_k), place by place (Jiang et al. 2021, equations 4 and 5)."""
    return gradients.clamp(min=0)


def eigencam(activations: Maps, _gradients: Maps | None = None) -> Float[Tensor, "b c"]:
    """W = v_1, first right singular vector of A as an (hw, C) matrix (Muhammad and Yeasin 2020, equation 4).

    It asks for no class. A singular vector has no sign of its own: here the map's sum is not negative.
    """
    # The Gram matrix of the places is small (49 x 49), that of the channels is not.
    flat = activations.flatten(2).transpose(1, 2).double()
    _, vectors = torch.linalg.eigh(flat @ flat.transpose(1, 2))
    right = (vectors[:, None, :, -1] @ flat)[:, 0]
    right = right / right.norm(dim=1, keepdim=True).clamp(min=1e-30)
    sign = torch.where((flat @ right[:, :, None]).sum((1, 2)) < 0, -1.0, 1.0)
    signed: Tensor = right * sign[:, None]
    return signed.to(activations.dtype)


def scorecam(scores: Float[Tensor, "b c"]) -> Float[Tensor, "b c"]:
    """W = softmax over k of y(x * M_k), M_k the map A_k enlarged and scaled to [0, 1] (Wang et al. 2020, algorithm 1).

    The score of the empty picture, which the paper subtracts, is the same for every k, so the softmax drops it.
    """
    return scores.softmax(1)


def ablationcam(score: Float[Tensor, " b"], without: Float[Tensor, "b c"]) -> Float[Tensor, "b c"]:
    """W_k = (y - y_k) / |y|, y_k the score with A_k set to zero (Desai and Ramaswamy 2020, equation 4).

    The paper divides by y; the absolute value keeps "positive supports" where the logit is negative.
    """
    return (score[:, None] - without) / score.abs().clamp(min=1e-12)[:, None]


def fuse(maps: list[Float[Tensor, "b _ _"]]) -> Float[Tensor, "b y x"]:
    """Maps of several layers as one: each over its largest absolute value, enlarged to the finest, then their mean."""
    size = max((tuple(each.shape[1:]) for each in maps), key=lambda hw: hw[0] * hw[1])
    scaled = [each / each.abs().amax((1, 2), keepdim=True).clamp(min=1e-30) for each in maps]
    large = [
        torch.nn.functional.interpolate(each[:, None], size=size, mode="bilinear", align_corners=False)[:, 0]
        for each in scaled
    ]
    return torch.stack(large).mean(0)
