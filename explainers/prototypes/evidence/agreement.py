"""Do reasons found on training pictures hold on others? Welch's test of Nauta et al. 2020, section 4."""

import numpy as np
from jaxtyping import Float
from scipy.stats import ttest_ind

from explainers.base import Score

LEVEL = 0.05


def agreeing(train: Float[np.ndarray, "n 5 p"], test: Float[np.ndarray, "m 5 p"]) -> float:
    """Share of (characteristic, prototype) whose mean local importance does not differ at the 5% level.

    Those that never vary are left out, for there is nothing to test; NaN where none varies.
    """
    vary = (train.std(0) > 0) & (test.std(0) > 0)
    if not vary.any():
        return float("nan")
    chance = ttest_ind(train, test, axis=0, equal_var=False).pvalue
    return float((chance[vary] >= LEVEL).mean())


def score(train: Float[np.ndarray, "n 5 p"], test: Float[np.ndarray, "m 5 p"], rng: np.random.Generator) -> Score:
    """The share that agrees, beside training reasons of one prototype against test reasons of another."""
    value, other = agreeing(train, test), agreeing(train, test[:, :, rng.permutation(test.shape[2])])
    return Score(
        name="agreement",
        title="Reasons on other pictures",
        value=value,
        of="these prototypes",
        baselines={"another prototype's": other},
        reading=f"{value:.0%} of the reasons found on training pictures do not differ from those on test pictures"
        f" (Welch, 5% level); from another prototype's {other:.0%}.",
    )
