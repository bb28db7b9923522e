"""How many concepts: as many as come back when they are learnt again, and rebuild what they were not learnt from.

The images are split in two halves, and a dictionary of each size is learnt from either. Its stability is the mean
cosine of the matched atoms (after Brunet et al. 2004 and Wu et al. 2016, who choose the rank of an NMF so). Its gain is
the share of the other half's activations that it rebuilds, ``1 - error^2``. Too few concepts rebuild little; too many
split what is one, each half in its own way, or follow noise. The size of the greatest product of the two is taken, the
smallest of those that are within a fiftieth of it.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from explainers.concepts.bank.collect import Report
from explainers.kit import dictionaries
from explainers.kit.dictionaries import Dictionary, Pulse, silent
from explainers.kit.metrics import relative_l2, stability

GRID = (2, 3, 4, 5, 6, 8, 10, 12, 14, 17, 20)
MOST_PLACES = 4000  # that a half is learnt from
CLOSE = 0.02
SPLITS = 3


@dataclass(frozen=True)
class Tried:
    """Sizes that were tried; empty when the size was given.

    Attributes:
        k: int (t,). stability: (t,), mean cosine over halves. error: (t,), relative, on the other half.
    """

    k: np.ndarray
    stability: np.ndarray
    error: np.ndarray

    @property
    def best(self) -> int:
        """The size of the greatest product of stability and gain; of those that are close to it, the smallest."""
        product = self.stability * (1 - self.error**2).clip(0)
        return int(self.k[np.flatnonzero(product >= (1 - CLOSE) * product.max())[0]])


NONE_TRIED = Tried(np.zeros(0, np.int64), np.zeros(0), np.zeros(0))


def sizes(method: str, rows: Float[np.ndarray, "n p c"]) -> tuple[int, ...]:
    """The sizes of the grid that either half can give, and that do not exceed the channels."""
    most = min(len(rows) // 2 * rows.shape[1], rows.shape[2])
    if dictionaries.METHODS[method].at_most_channels:
        most = min(most, rows.shape[2])
    return tuple(k for k in GRID if k <= most) or (1,)


def try_sizes(method: str, rows: Float[np.ndarray, "n p c"], seed: int, report: Report) -> Tried:
    """Stability and error of every size."""
    ks = sizes(method, rows)
    parts = halved(rows, seed)
    tried = []
    for done, k in enumerate(ks):
        pair = both(method, parts, k, seed, lambda done=done, k=k: report(done / len(ks), f"trying {k} concepts"))  # type: ignore[misc]
        if pair is None:
            tried.append((0.0, 1.0))
            continue
        errors = [relative_l2(x, each.decode(each.encode(x))) for x, each in zip(parts, pair[::-1], strict=True)]
        tried.append((stability([each.atoms for each in pair]), float(np.mean(errors))))
    table = np.array(tried)
    return Tried(np.array(ks), table[:, 0], table[:, 1])


def halves(method: str, rows: Float[np.ndarray, "n p c"], k: int, seed: int, on_round: Pulse = silent) -> float:
    """Mean cosine of matched atoms learnt from two halves of the images, over `SPLITS` splits into halves.

    One split alone moves by some .05 with its seed. A split of which a half cannot give ``k`` counts as 0.
    """
    pairs = [both(method, halved(rows, seed + split), k, seed, on_round) for split in range(SPLITS)]
    return float(np.mean([0.0 if pair is None else stability([each.atoms for each in pair]) for pair in pairs]))


def halved(rows: Float[np.ndarray, "n p c"], seed: int) -> list[Float[np.ndarray, "_ c"]]:
    """Activations of two halves of the images, at most `MOST_PLACES` of each."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(rows))
    return [_some(rows[np.sort(half)].reshape(-1, rows.shape[2]), rng) for half in np.array_split(order, 2)]


def both(
    method: str, parts: list[Float[np.ndarray, "_ c"]], k: int, seed: int, on_round: Pulse = silent
) -> list[Dictionary] | None:
    """A dictionary of either half; None where a half cannot give it."""
    on_round()
    if min(len(part) for part in parts) < k or any((part == part[0]).all() for part in parts):
        return None
    return [dictionaries.fit(method, part, k, seed=seed, on_round=on_round) for part in parts]


def _some(rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return rows if len(rows) <= MOST_PLACES else rows[np.sort(rng.choice(len(rows), MOST_PLACES, replace=False))]
