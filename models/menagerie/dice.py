"""Seeded chance that gives the same numbers on every machine and every run."""

import numpy as np


class Dice:
    """Uniform numbers from one seed; streams of one seed are independent, so that one choice never shifts another."""

    def __init__(self, seed: int, stream: int) -> None:
        """Start stream number ``stream`` of ``seed``."""
        self._bits = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, stream])))

    def number(self, low: int | float = 0.0, high: int | float = 1.0) -> float:
        """A number in [low, high)."""
        return low + (high - low) * float(self._bits.random())

    def below(self, count: int) -> int:
        """A whole number in 0..count-1."""
        return int(self._bits.random() * count)

    def chance(self, probability: int | float) -> bool:
        """True with that probability."""
        return bool(self._bits.random() < probability)

    def grain(self, size: int) -> bytes:
        """``size`` random bytes."""
        return self._bits.bytes(size)
