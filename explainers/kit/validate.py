"""What a matrix of activations must be before concepts can be sought in it."""

import numpy as np
from jaxtyping import Float

from models.errors import InputError


def check_count(k: int, n: int, limit: int | None = None) -> None:
    """Raise when `k` concepts cannot be found in `n` activations.

    Args:
        k: number of concepts asked for.
        n: number of activations.
        limit: the most that the method can give, where that is less than `n`.

    Raises:
        InputError: `k` is below 1, above `n`, or above `limit`.
    """
    if k < 1:
        raise InputError(f"The number of concepts must be 1 or more, and {k} was asked for.")
    if k > n:
        raise InputError(f"{k} concepts cannot be found in {n} activations: ask for fewer or add images.")
    if limit is not None and k > limit:
        raise InputError(f"This method gives at most {limit} concepts here, and {k} were asked for: ask for fewer.")


def activations(a: Float[np.ndarray, "n c"], k: int) -> Float[np.ndarray, "n c"]:
    """Return `a` as float32 or float64, or say why no `k` concepts can be learnt from it.

    Raises:
        InputError: not a matrix, not finite, all zero, all rows the same while `k` > 1, or a `k` that does not fit.
    """
    a = np.asarray(a)
    if a.ndim != 2 or a.size == 0:
        raise InputError(f"Activations must be a table of n rows by C channels, and their shape is {a.shape}.")
    check_count(k, len(a))
    a = a if a.dtype in (np.float32, np.float64) else a.astype(np.float32 if a.dtype == np.float16 else np.float64)
    if not np.isfinite(a).all():
        raise InputError("The activations hold values that are not finite: choose another layer or mend the model.")
    if not a.any():
        raise InputError("All activations are zero, so they hold no concept: choose another layer or other images.")
    if k > 1 and (a == a[0]).all():
        raise InputError("All activations are the same, so they hold one concept: ask for k = 1 or add other images.")
    return a


def check_nonnegative(smallest: float) -> None:
    """Raise when the smallest activation is below zero.

    Raises:
        InputError: the activations are signed, and the text names the method that takes them.
    """
    if smallest < 0:
        raise InputError(
            f"NMF needs activations of zero or more and the smallest is {smallest:.3g}: "
            "use semi-NMF, or a layer that ends in a ReLU."
        )


def check_varied(a: Float[np.ndarray, "n c"]) -> None:
    """Raise when all rows are the same, so that nothing is left once the mean is taken away.

    Raises:
        InputError: there is no variance.
    """
    if (a == a[0]).all():
        raise InputError("All activations are the same, so nothing varies about their mean: use NMF or add images.")
