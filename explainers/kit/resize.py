"""Maps at the size of the picture that they are of."""

import numpy as np
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import interpolate


def enlarged(cam: Float[Tensor, "b h w"], size: tuple[int, int]) -> Float[np.ndarray, "b y x"]:
    """Signed maps at ``size`` (rows, columns), bilinear, align_corners=False, float32."""
    large = interpolate(cam[:, None].float(), size=size, mode="bilinear", align_corners=False)
    maps: np.ndarray = large[:, 0].cpu().numpy()
    return maps
