"""A sparse autoencoder that keeps the largest codes: Gao et al. 2024, "Scaling and evaluating sparse autoencoders".

Encoder and decoder start equal (tied), at unit rows of the data; the decoder keeps unit rows. An atom that was not
used for a while is set anew at the row that is explained worst.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from explainers.kit.dictionaries.base import Dictionary, Pulse, keep_largest, silent, unit

STEPS = 600
BATCH = 512
RATE = 3e-3
PATIENCE = 50
FIRST, SECOND, TINY = 0.9, 0.999, 1e-8


def topk_sae(a: Float[np.ndarray, "n c"], k: int, seed: int, on_round: Pulse = silent) -> Dictionary:
    """Codes are the `max(1, round(k / 4))` largest of `ReLU(W (x - mean) + b)`; a fixed number of Adam steps."""
    mean = a.mean(0)
    x = a - mean
    scale = float(np.sqrt((x.astype(np.float64) ** 2).sum() / len(x)))
    trainer = _Trainer(x / scale, k, np.random.default_rng(seed))
    for step in range(STEPS):
        on_round()
        trainer.step(step)
    encoder, decoder, offset = trainer.parts
    return Dictionary(
        "topk_sae", decoder, "topk", mean=mean, filters=encoder, offset=offset * scale, active=trainer.active
    )


def gradients(
    parts: Sequence[np.ndarray], x: Float[np.ndarray, "m c"], active: int
) -> tuple[Float[np.ndarray, "m k"], Float[np.ndarray, "m c"], list[np.ndarray]]:
    """Codes, what is left unexplained, and the gradient of the mean squared length of it for each part.

    Args:
        parts: encoder (k, c), decoder (k, c) and offset (k,).
        x: centred data.
        active: how many codes are kept a row.
    """
    encoder, decoder, offset = parts
    codes = keep_largest((x @ encoder.T + offset).clip(0), active)
    left = x - codes @ decoder
    back = (left @ decoder.T) * (codes > 0) * (-2 / len(x))
    return codes, left, [back.T @ x, codes.T @ left * (-2 / len(x)), back.sum(0)]


class _Trainer:
    """The autoencoder in training, on data of unit scale, by Adam (Kingma and Ba 2015)."""

    def __init__(self, x: Float[np.ndarray, "n c"], k: int, rng: np.random.Generator) -> None:
        self.x, self.rng = x, rng
        self.active = max(1, round(k / 4))
        rows = x[rng.permutation(len(x))[:k]]
        decoder = unit(rows + (1e-3 * rng.standard_normal(rows.shape)).astype(x.dtype))
        self.parts = [decoder.copy(), decoder, np.zeros(k, x.dtype)]
        self.means = [np.zeros_like(part) for part in self.parts]
        self.squares = [np.zeros_like(part) for part in self.parts]
        self.used = np.zeros(k, bool)

    def step(self, index: int) -> None:
        """One batch; the rate falls to zero over the last fifth."""
        batch = self.x[self.rng.integers(len(self.x), size=min(BATCH, len(self.x)))]
        codes, left, slopes = gradients(self.parts, batch, self.active)
        rate = RATE * min(1.0, 5 * (1 - index / STEPS))
        for part, mean, square, slope in zip(self.parts, self.means, self.squares, slopes, strict=True):
            mean += (1 - FIRST) * (slope - mean)
            square += (1 - SECOND) * (slope**2 - square)
            root = np.sqrt(square / (1 - SECOND ** (index + 1)))
            part -= rate * mean / (1 - FIRST ** (index + 1)) / (root + TINY)
        self.parts[1][:] = unit(self.parts[1])
        self.used |= (codes > 0).any(0)
        if index % PATIENCE == PATIENCE - 1 and index < STEPS // 2:
            self._revive(left)

    def _revive(self, left: Float[np.ndarray, "m c"]) -> None:
        """Set unused atoms at the worst explained rows of the batch."""
        worst = np.argsort(-(left**2).sum(1), kind="stable")
        for j, row in zip(np.flatnonzero(~self.used), worst, strict=False):
            self.parts[0][j] = self.parts[1][j] = unit(left[row : row + 1])[0]
            self.parts[2][j] = 0
        self.used[:] = False
