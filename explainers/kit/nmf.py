"""Non-negative matrix factorisation, `A ~ Z D` with `Z >= 0` and `D >= 0`: the hot path of the concept lens.

Hierarchical alternating least squares in the additive form `Z_j += (C_j - B_j Z) / B_jj`, clamped at zero, with
`C = D A^T` and `B = D D^T`, and the same for `D` (Cichocki and Phan 2009). Two sweeps are made for each pair of large
products (Gillis and Glineur 2012, "Accelerated multiplicative updates and hierarchical ALS"), and each factor is
carried on a little along its last step (Ang and Gillis 2019, "Accelerating nonnegative matrix factorization
algorithms using extrapolation"). The error comes from the Gram matrices: no n x C residual is ever formed.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Literal

import numpy as np
import torch
from jaxtyping import Float

from explainers.kit import nndsvd
from explainers.kit import validate as checks
from explainers.kit.nnls import Array, encode, sweep

__all__ = ["Factorisation", "Settings", "encode", "factorise", "factorize"]

WINDOW = 6
SWEEPS = 2
ROUNDING = 1e-5
SHRINK, GROW, GROW_LIMIT = 1.5, 1.05, 1.01


@dataclass(frozen=True, kw_only=True)
class Settings:
    """When to stop.

    Attributes:
        iterations: the most rounds, each of two sweeps over both factors.
        tolerance: stop when the loss falls by less than this share of `||A||^2` a round, over six rounds.
        target: stop as soon as the relative error is at or below this.
        on_round: called before every round; may raise to stop.
    """

    iterations: int = 300
    tolerance: float = 1e-6
    target: float = 0.0
    on_round: Callable[[], object] = tuple


@dataclass(frozen=True)
class Factorisation(Generic[Array]):
    """`A ~ codes @ dictionary`.

    Attributes:
        codes: (n, k), zero or more; they carry the scale.
        dictionary: (k, C), zero or more, rows of unit length.
        errors: `||A - Z D|| / ||A||` after each round, best so far.
        stop: why it ended.
        revived: how many times an atom died and was set anew.
    """

    codes: Array
    dictionary: Array
    errors: tuple[float, ...]
    stop: Literal["target", "settled", "iterations"]
    revived: int

    @property
    def error(self) -> float:
        """The last relative error."""
        return self.errors[-1]

    @property
    def iterations(self) -> int:
        """Rounds made."""
        return len(self.errors)


def factorize(a: Float[Array, "n c"], k: int, *, seed: int = 0) -> tuple[Float[Array, "n k"], Float[Array, "k c"]]:
    """Factorise non-negative activations into `k` concepts.

    Args:
        a: activations of zero or more; numpy on the CPU, or a torch tensor on any device.
        k: number of concepts.
        seed: of the randomised singular vectors that the start is made of.

    Returns:
        Codes `(n, k)` that carry the scale, and a dictionary `(k, c)` of unit rows, both of zero or more.

    Raises:
        InputError: negative, all-zero, constant (for `k` > 1) or non-finite activations, or `k` above `n`.
    """
    factors = factorise(a, k, seed=seed)
    return factors.codes, factors.dictionary


def factorise(
    a: Float[Array, "n c"], k: int, *, seed: int = 0, settings: Settings | None = None
) -> Factorisation[Array]:
    """As `factorize`, with the course of the error, the reason of the stop and control over it."""
    a = _checked(a, k)
    settings = settings or Settings()
    scale = float(abs(a).max())
    search = _Search(a / scale, k, np.random.default_rng(seed))
    stop: Literal["target", "settled", "iterations"] = "iterations"
    for _ in range(settings.iterations):
        settings.on_round()
        search.round()
        if search.errors[-1] <= settings.target:
            stop = "target"
            break
        if _settled(search.errors, settings.tolerance):
            stop = "settled"
            break
    codes, dictionary = search.finish()
    return Factorisation(codes * scale, dictionary, tuple(search.errors), stop, search.revived)


def _checked(a: Array, k: int) -> Array:
    """`a` as float32 or float64, or an error that says what is wrong with it."""
    if isinstance(a, torch.Tensor):
        a = a.detach()
        rows = a if a.dtype in (torch.float32, torch.float64) else a.float()
        checks.activations(nndsvd.to_numpy(rows), k)
        checks.check_nonnegative(float(rows.min()))
        return rows
    table = checks.activations(a, k)
    checks.check_nonnegative(float(table.min()))
    return table


def _settled(errors: list[float], tolerance: float) -> bool:
    """Whether the last `WINDOW` rounds together gained less than `tolerance` each."""
    if len(errors) <= WINDOW:
        return False
    return errors[-1 - WINDOW] ** 2 - errors[-1] ** 2 <= WINDOW * tolerance


class _Search(Generic[Array]):
    """The state of one factorisation: the best pair, the pair carried on beyond it, and how far it is carried."""

    def __init__(self, a: Array, k: int, rng: np.random.Generator) -> None:
        first = nndsvd.start(a, k, rng)
        self.a: Array = a
        self.z: Array = nndsvd.like(first.z, a)
        self.d: Array = nndsvd.like(first.d, a)
        self.z_best: Array = self.z
        self.z_ahead: Array = self.z
        self.d_ahead: Array = self.d
        self.squares: Array = _row_squares(a)
        self.norm = _total(self.squares)
        self.errors: list[float] = []
        self.stride, self.longest = 0.5, 1.0
        self.revived = 0

    def round(self) -> None:
        """Two sweeps over the codes, two over the dictionary; kept only where the error does not rise."""
        z = _swept(self.z_ahead, self.d_ahead @ self.a.T, self.d_ahead @ self.d_ahead.T)
        z_ahead = self._beyond(z, self.z)
        c, b = z_ahead @ self.a, z_ahead @ z_ahead.T
        d = _swept(self.d_ahead, c, b)
        error = self._error(c, b, d)
        if self.errors and error > self.errors[-1]:
            self._retreat()
            return
        self.errors.append(error)
        self.d_ahead = self._beyond(d, self.d)
        self.z, self.d, self.z_ahead, self.z_best = z, d, z_ahead, z_ahead
        self.stride = min(self.longest, self.stride * GROW)
        self.longest = min(1.0, self.longest * GROW_LIMIT)
        self._revive()

    def finish(self) -> tuple[Array, Array]:
        """Codes and unit atoms of the best pair, after one last look for dead atoms and two sweeps over the codes."""
        self._revive()
        lengths = _row_squares(self.d) ** 0.5
        d = self.d / lengths[:, None]
        c, b = d @ self.a.T, d @ d.T
        z = _swept(self.z_best * lengths[:, None], c, b)
        if self._dead(z, d):
            z = self.z_best * lengths[:, None]
        self.errors[-1] = min(self.errors[-1], self._error(c, b, z))
        return z.T + 0, d

    def _beyond(self, now: Array, before: Array) -> Array:
        """The point a stride beyond `now`, on the line from `before`."""
        beyond: Array = (now + self.stride * (now - before)).clip(0)
        return beyond

    def _retreat(self) -> None:
        """Take the carried pair back to the last accepted one and carry less far from now on."""
        self.errors.append(self.errors[-1])
        self.z_ahead, self.d_ahead = self.z, self.d
        self.longest = self.stride
        self.stride /= SHRINK

    def _error(self, c: Array, b: Array, x: Array) -> float:
        """`||A - Z D|| / ||A||` from `c`, the correlations with the factor `x`, and `b`, the Gram of the other."""
        square = self.norm - 2 * _dot(c, x) + _dot(b, x @ x.T)
        return float(np.sqrt(max(square, 0.0) / self.norm))

    def _dead(self, z: Array, d: Array) -> list[int]:
        """Components without a code, or without an atom."""
        use = nndsvd.to_numpy(z.sum(1)) * nndsvd.to_numpy(d.sum(1))
        return [int(j) for j in np.flatnonzero(use <= 0)]

    def _revive(self) -> None:
        """Point each dead atom at the activation that is explained worst, then let the codes take it up."""
        dead = self._dead(self.z_best, self.d)
        if not dead:
            return
        z, d = self.z_best + 0, self.d + 0
        for j in dead:
            z[j] = 0
            c, b = d @ self.a.T, d @ d.T
            left = self.squares - 2 * (c * z).sum(0) + (z * (b @ z)).sum(0)
            worst = int(left.argmax())
            if float(left[worst]) > ROUNDING * float(self.squares[worst]):
                d[j] = self.a[worst]
                z = _swept(z, d @ self.a.T, d @ d.T)
            if float(z[j].sum()) <= 0:
                _share_heaviest(z, d, j)
        self.revived += len(dead)
        self.z = self.z_best = self.z_ahead = z
        self.d = self.d_ahead = d


def _share_heaviest(z: Array, d: Array, j: int) -> None:
    """Split the heaviest component in two halves: there is nothing else left for atom `j` to explain."""
    heaviest = int((_row_squares(z) * _row_squares(d)).argmax())
    d[j] = d[heaviest]
    z[heaviest] = z[heaviest] / 2
    z[j] = z[heaviest]


def _swept(x: Array, c: Array, b: Array) -> Array:
    """A copy of `x` after `SWEEPS` passes."""
    x = x + 0
    for _ in range(SWEEPS):
        sweep(x, c, b)
    return x


def _row_squares(a: Array) -> Array:
    """Squared length of each row."""
    if isinstance(a, torch.Tensor):
        return torch.einsum("ij,ij->i", a, a)
    return np.asarray(np.einsum("ij,ij->i", a, a))


def _total(a: Array) -> float:
    """Sum in double precision: float32 would lose the error in the rounding of the norm."""
    return float(a.double().sum()) if isinstance(a, torch.Tensor) else float(a.sum(dtype=np.float64))


def _dot(a: Array, b: Array) -> float:
    """Sum of products, in double precision."""
    return _total(a * b)
