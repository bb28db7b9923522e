"""How alike two pictures are: SSIM over several scales (Wang, Simoncelli and Bovik 2003), for small pictures too."""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

WINDOW, SPREAD = 7, 1.5
WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)  # of the five scales, in the paper's table
C1, C2 = 0.01**2, 0.03**2  # for pictures in (0, 1)


def ssim(one: Float[Tensor, "n c s s"], other: Float[Tensor, "n c s s"]) -> Float[Tensor, " n"]:
    """Multi-scale SSIM of pairs of pictures in (0, 1); 1 for the same picture.

    As many of the paper's five scales are used as leave room for a window of 7 pixels (the paper's has 11); their
    weights are brought to a sum of one. Contrast and structure of each scale are clamped at 0, so that the product is
    real.
    """
    scales = 1
    while scales < len(WEIGHTS) and one.shape[-1] >> scales >= WINDOW:
        scales += 1
    weights = torch.tensor(WEIGHTS[:scales]) / sum(WEIGHTS[:scales])
    product = torch.ones(len(one), device=one.device)
    for scale, weight in enumerate(weights.tolist()):
        light, structure = _terms(one, other)
        last = scale == scales - 1
        product = product * (light * structure if last else structure).clamp_min(0).mean((1, 2, 3)) ** weight
        one, other = (functional.avg_pool2d(each, 2) for each in (one, other))
    return product


def _terms(one: Tensor, other: Tensor) -> tuple[Tensor, Tensor]:
    """Luminance and contrast-structure, at every place of the window."""
    places = torch.arange(WINDOW, device=one.device) - WINDOW // 2
    row = torch.exp(-(places**2) / (2 * SPREAD**2))
    kernel = torch.outer(row, row)
    kernel = (kernel / kernel.sum()).expand(one.shape[1], 1, -1, -1)

    def mean(x: Tensor) -> Tensor:
        return functional.conv2d(x, kernel, groups=x.shape[1])

    a, b = mean(one), mean(other)
    var_a, var_b, cov = mean(one**2) - a**2, mean(other**2) - b**2, mean(one * other) - a * b
    return (2 * a * b + C1) / (a**2 + b**2 + C1), (2 * cov + C2) / (var_a + var_b + C2)
