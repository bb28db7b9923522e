"""A pattern-producing network as arrays; see `cppn`."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int, Int8

ACTIVATIONS = ("sine", "sigmoid", "Gaussian", "linear")
INPUTS, OUTPUTS = 4, 3  # x, y, r, bias; hue, saturation, brightness
FIRST = INPUTS + OUTPUTS  # index of the first hidden node


@dataclass(frozen=True, eq=False)
class Genome:
    """A network that draws. Nodes: 0 to 3 are x, y, r and bias, 4 to 6 hue, saturation, brightness, then hidden ones.

    Attributes:
        activation: int8 (n - 4,), index into `ACTIVATIONS` of every node that is no input.
        source, target: int16 (c,), the nodes that each connection joins.
        weight: float32 (c,).
    """

    activation: Int8[np.ndarray, " m"]
    source: Int[np.ndarray, " c"]
    target: Int[np.ndarray, " c"]
    weight: Float[np.ndarray, " c"]

    @property
    def nodes(self) -> int:
        """How many, inputs and outputs among them."""
        return INPUTS + len(self.activation)
