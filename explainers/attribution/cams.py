"""The CAM family as pure functions: activations and gradients in, signed maps out.

A stands for activations (B, C, h, w), G for gradients dy/dA of the same shape; mean_hw is the mean over rows and
columns.
"""

from jaxtyping import Float
from torch import Tensor


def gradcam_weights(gradients: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c"]:
    """alpha_k = mean_hw G_k (Selvaraju et al. 2017, equation 1)."""
    return gradients.mean(dim=(2, 3))


def weighted_sum(activations: Float[Tensor, "b c h w"], alpha: Float[Tensor, "b c"]) -> Float[Tensor, "b h w"]:
    """sum_k alpha_k A_k, before any ReLU: positive speaks for the score, negative against it."""
    return (activations * alpha[:, :, None, None]).sum(dim=1)
