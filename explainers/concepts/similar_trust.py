"""Whether concepts of other classes are nearer than chance would have them."""

from typing import Any

from explainers.base import Evidence, Run, Score
from models import ModelHandle

OF = "nearest concepts"


def measure_similar(_model: ModelHandle, _params: Any, result: Any, run: Run) -> Evidence:
    """Cosines beside those of shuffled atoms; in the menagerie, whether both lie on the same true part."""
    run.report(0.0, "comparing with shuffled atoms")
    mean, beyond = float(result.cosine.mean()), float((result.cosine > result.chance_high).mean())
    scores = [
        Score(
            name="closeness",
            title="Closeness",
            value=mean,
            of=OF,
            baselines={"shuffled atoms": result.chance},
            reading=f"The nearest concepts have a mean cosine of {mean:.2f}; those of shuffled atoms"
            f" {result.chance:.2f}.",
        ),
        Score(
            name="beyond_chance",
            title="Beyond chance",
            value=beyond,
            of=OF,
            baselines={"shuffled atoms": 0.05},
            reading=f"{beyond:.0%} of the pairs are closer than {result.chance_high:.2f}, which one shuffled atom in"
            " twenty exceeds.",
        ),
    ]
    run.report(0.9, "comparing the parts")
    if (result.part >= 0).any():
        scores.append(_parts(result))
    return Evidence(scores=tuple(scores))


def _parts(result: Any) -> Score:
    same = float((result.part[:, None] == result.near_part).mean())
    return Score(
        name="same_part",
        title="On the same true part",
        value=same,
        of=OF,
        baselines={"any two concepts": result.part_chance},
        reading=f"{same:.0%} of the pairs lie on the same part of the animal; of any two concepts"
        f" {result.part_chance:.0%}.",
    )
