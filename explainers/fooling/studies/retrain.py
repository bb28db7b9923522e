"""Does it help to learn them? A class of fooling images is added, the network is fitted anew, and fooled again.

Champions are evolved; from their last features, with those of labelled photos, one class more is learnt: only the last
layer is fitted, on cached features, from where it was. Then champions are evolved on the new network, added, and so on
(Nguyen et al. 2015, who retrain the whole network). The confidence of the champions against the round says whether
fooling becomes harder, the accuracy on photos that were kept apart what it costs. The control learns one class of as
many random pictures instead: where evolution finds that network as hard to fool, knowing fooling images did not matter.

Limits: the features stay as they are, so this is a weaker defence than retraining, and the cheaper one. Evolution of
few evaluations is easily stopped: compare the rounds with round 0 at the same number.
"""

from dataclasses import dataclass

import numpy as np

from explainers.base import Evidence, Result, Run, Score, explainer
from explainers.fooling.studies.rounds import (
    LearningParams,
    Round,
    RoundParams,
    fooling_photos,
    fooling_round,
    learning_of,
)
from explainers.params import knob
from models import ModelHandle
from models.labels import short

DRAWS = 1000


@dataclass(frozen=True, kw_only=True)
class RetrainParams(LearningParams):
    """What can be chosen."""

    rounds: int = knob(3, 1, 20, "How often fooling images are learnt and evolved again.", label="Rounds")


@dataclass(frozen=True, kw_only=True)
class Retrain(Result):
    """Rounds; round 0 is the network as it was.

    Attributes:
        confidence: (n + 1, K), of the champions evolved on the network of each round.
        median: (n + 1,), over classes. half: (n + 1,), share of classes at .5 or more.
        accuracy: (n + 1,), on photos that were kept apart.
        accused: (n + 1,), share of those photos that are called fooling images.
        champions: uint8 (n + 1, e, s, s, 3), the most confident of each round.
        champion_names: class and confidence of each.
        learnt, tested: photos that were learnt from, and kept apart.
        photos: where they come from.
    """

    confidence: np.ndarray
    median: np.ndarray
    half: np.ndarray
    accuracy: np.ndarray
    accused: np.ndarray
    champions: np.ndarray
    champion_names: tuple[tuple[tuple[str, float], ...], ...]
    learnt: int
    tested: int
    photos: str

    @property
    def sentence(self) -> str:
        """From where to where."""
        rounds = len(self.median) - 1
        return (
            f"After {rounds} round{'s' if rounds > 1 else ''} of learning fooling images the champions' median"
            f" confidence is {self.median[-1]:.2f} (it was {self.median[0]:.2f}), and the accuracy"
            f" {self.accuracy[-1]:.1%} (it was {self.accuracy[0]:.1%})."
        )


def measure_retrain(model: ModelHandle, params: RetrainParams, result: Retrain, run: Run) -> Evidence:
    """Is the network of round 1 harder to fool than before, and than one that learnt random pictures?"""
    control = _round(run.part(0.0, 0.95), model, params, 1, noise=True)
    run.report(0.95, "comparing the rounds")
    first, before, other = (1 - values for values in (result.confidence[1], result.confidence[0], control.confidence))
    draws = run.rng.choice(first, (DRAWS, len(first))).mean(1)
    value, was, chance = float(first.mean()), float(before.mean()), float(other.mean())
    harder = Score(
        name="resistance",
        title="Resistance after one round",
        value=value,
        of="fooling images learnt",
        baselines={"before": was, "random pictures learnt": chance},
        interval=tuple(np.percentile(draws, [2.5, 97.5]).tolist()),
        reading=f"One minus the champions' mean confidence is {value:.2f}; it was {was:.2f} before, and is {chance:.2f}"
        " for a network that learnt random pictures instead.",
    )
    kept = Score(
        name="accuracy",
        title="Accuracy kept",
        value=float(result.accuracy[-1]),
        of="after the last round",
        baselines={"before": float(result.accuracy[0])},
        references=("before",),
        reading=f"{result.accuracy[-1]:.1%} of {result.tested} photos kept apart are named rightly, before it was"
        f" {result.accuracy[0]:.1%}; {result.accused[-1]:.1%} are called fooling images.",
    )
    return Evidence(scores=(harder, kept))


@explainer("Learning fooling images", paper="https://arxiv.org/abs/1412.1897", evidence=measure_retrain)
def fooling_retrain(model: ModelHandle, params: RetrainParams, run: Run) -> Retrain:
    """Learn and evolve, round by round; see the module's docstring."""
    run.report(0.0, "reading photos")
    photos = run.part(0.0, 0.1).reuse(fooling_photos.request(model.card.name, learning_of(params)))
    ends = np.linspace(0.1, 1.0, params.rounds + 2)
    rounds = [
        _round(run.part(float(ends[at]), float(ends[at + 1])), model, params, at, noise=False)
        for at in range(params.rounds + 1)
    ]
    confidence = np.stack([one.confidence for one in rounds])
    shown = min(len(one.champions) for one in rounds)
    return Retrain(
        confidence=confidence,
        median=np.median(confidence, 1),
        half=(confidence >= 0.5).mean(1),
        accuracy=np.array([float(one.accuracy) for one in rounds]),
        accused=np.array([float(one.accused) for one in rounds]),
        champions=np.stack([one.champions[:shown] for one in rounds]),
        champion_names=tuple(
            tuple(
                (short(model.card.labels[cls]), float(sure))
                for cls, sure in zip(one.classes[:shown], one.sure[:shown], strict=True)
            )
            for one in rounds
        ),
        learnt=len(photos.train_labels),
        tested=len(photos.test_labels),
        photos=photos.title,
    )


def _round(run: Run, model: ModelHandle, params: RetrainParams, number: int, *, noise: bool) -> Round:
    """A round, kept or worked out now."""
    run.report(0.0, f"round {number}")
    wanted = RoundParams(**vars(learning_of(params)), number=number, noise=noise)
    return run.reuse(fooling_round.request(model.card.name, wanted))
