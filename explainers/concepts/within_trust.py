"""Whether the parts of a concept say anything about it."""

from typing import Any

import numpy as np
from scipy.optimize import nnls

from explainers.base import Evidence, Run, Score
from explainers.kit.metrics import r2
from models import ModelHandle

DRAWS = 50
OF = "these parts"


def measure_within(_model: ModelHandle, _params: Any, result: Any, run: Run) -> Evidence:
    """The fit beside that of the same parts to crops in another order; and how well the parts rebuild the layer."""
    run.report(0.0, "shuffling the crops")
    design = np.column_stack([result.codes, np.ones(len(result.codes))]).astype(np.float64)
    drawn = []
    for _ in range(DRAWS):
        target = run.rng.permutation(result.target).astype(np.float64)
        drawn.append(r2(target[:, None], (design @ nnls(design, target)[0])[:, None]))
    run.report(0.9, "reading the reconstruction")
    chance = float(np.mean(drawn))
    return Evidence(
        scores=(
            Score(
                name="fit",
                title="They explain the concept",
                value=result.r2,
                of=OF,
                baselines={"crops shuffled": chance},
                reading=f"The parts explain {result.r2:.0%} of how the concept varies over the crops; over shuffled"
                f" crops {chance:.0%}.",
            ),
            Score(
                name="reconstruction",
                title="Reconstruction",
                value=result.reconstruction,
                of=OF,
                worst=1.0,
                best=0.0,
                baselines={"no parts": 1.0},
                reading=f"The parts rebuild the crops at {result.earlier} to a relative error of"
                f" {result.reconstruction:.2f}.",
            ),
        )
    )
