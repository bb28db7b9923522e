"""How far to trust a map: three quick measurements on this very picture and model, and all others on demand."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float, UInt8
from torch import Tensor, nn

from explainers.base import Evidence, Run, Score
from explainers.evidence import centre_map, insertion_deletion, moved_map, random_map, rank_correlation
from explainers.evidence.faithfulness import Curves, Predict, share_to_halve
from explainers.evidence.sanity import cascade
from explainers.kit.predict import answers_of, logits_of
from models import ModelHandle

THIS, MOVED = "this map", "same map elsewhere"
CONTROLS = 3
STEPS = 15
STAGES = 6
Measured = dict[str, list[Curves]]
Again = Callable[[ModelHandle, Tensor, int], np.ndarray]


@dataclass(frozen=True)
class Quantity:
    """What is measured of a picture: by default the probability of the class.

    Attributes:
        noun: with its article, "the cosine".
        score: normalised inputs (N, 3, H, W) -> one number each (N,); None for the probability.
        whole: of the picture itself; every other picture's is told as a share of it.
    """

    noun: str = "the probability"
    score: Callable[[Tensor], Tensor] | None = None
    whole: float = 1.0

    @property
    def axis(self) -> str:
        """What stands beside curves."""
        return "probability" if self.score is None else f"{self.noun.removeprefix('the ')}, as a share of the picture's"

    @property
    def reason(self) -> str:
        """Why no share of it can be told; empty when one can."""
        return "" if self.whole > 0 else f"{self.noun} is not above zero in the picture as it is"


@dataclass(frozen=True)
class Subject:
    """A map that is to be trusted, or not.

    Attributes:
        model: the network that it explains.
        image: what the model saw.
        heatmap: what is drawn.
        signed: the map with its signs, at its own resolution.
        target, versus: the class, and the one that it is set against, if any.
        against: whether the map shows what speaks against the class.
        again: works the same map out for another network, input or class: (model, x (1, 3, H, W), target) -> (h, w).
        quantity: what the map explains, where it is no class.
    """

    model: ModelHandle
    image: UInt8[np.ndarray, "y x 3"]
    heatmap: Float[np.ndarray, "y x"]
    signed: Float[np.ndarray, "h w"]
    target: int
    versus: int | None
    against: bool
    again: Again
    quantity: Quantity = field(default_factory=Quantity)

    @property
    def x(self) -> Float[Tensor, "1 3 y x"]:
        """The model's input."""
        return self.model.normalise(self.image[None])

    def predict(self, images: UInt8[np.ndarray, "n y x 3"]) -> Float[np.ndarray, " n"]:
        """Probability of the class (of the two where it is set against one); of the rest for "against".

        Of another quantity its share of the whole picture's, and for "against" what that lacks to twice as much; NaN
        where no share can be told.
        """
        if self.quantity.score is not None:
            return self._share(images, self.quantity.score)
        logits = logits_of(self.model, images)
        if self.versus is not None:
            logits = logits[:, [self.target, self.versus]]
        chance: np.ndarray = logits.softmax(1)[:, self.target if self.versus is None else 0].cpu().numpy()
        return 1 - chance if self.against else chance

    def _share(self, images: np.ndarray, score: Callable[[Tensor], Tensor]) -> np.ndarray:
        if self.quantity.reason:
            return np.full(len(images), np.nan)
        share: np.ndarray = answers_of(self.model, images, score).double().cpu().numpy() / self.quantity.whole
        return 2 - share if self.against else share

    def unless(self, reason: str, reading: str) -> str:
        """A reading, or why there is none."""
        reason = self.quantity.reason or reason
        return f"Cannot be measured: {reason}." if reason else reading


def measure(subject: Subject, run: Run, *, full: bool = False) -> Evidence:
    """Deletion and insertion against maps that know nothing, and the randomisation check; all others if ``full``."""
    share = 0.4 if full else 1.0
    measured = faithfulness(subject, run, 0.8 * share)
    quick = (deletion(measured, subject), insertion(measured, subject), sanity(subject, run, share))
    if not full:
        return Evidence(scores=quick)
    from explainers.attribution.evidence.full import further

    return Evidence(scores=(*quick, *further(subject, run, share)))


def faithfulness(subject: Subject, run: Run, share: float = 0.8) -> Measured:
    """Curves of the map, of the same map moved, of random maps and of a centre map; blur where pixels are missing."""
    predict: Predict = subject.predict
    size = subject.image.shape[:2]
    maps = [
        (THIS, subject.heatmap),
        *((MOVED, moved_map(run.rng, subject.heatmap)) for _ in range(CONTROLS)),
        *(("random map", random_map(run.rng, size)) for _ in range(CONTROLS)),
        ("centre", centre_map(size)),
    ]
    measured: Measured = {}
    for done, (name, heatmap) in enumerate(maps):
        run.report(share * done / len(maps), f"taking pixels away, map {done + 1} of {len(maps)}")
        measured.setdefault(name, []).append(insertion_deletion(predict, subject.image, heatmap, steps=STEPS))
    return measured


def deletion(measured: Measured, subject: Subject) -> Score:
    """Deletion: lower is better."""
    own, half = measured[THIS][0], share_to_halve(measured[THIS][0].deletion)
    other = float(np.mean([share_to_halve(curves.deletion) for curves in measured[MOVED]]))
    needs, halves = f"{other:.0%}" if other < 1 else "all of them", _halves(subject)
    reading = (
        f"Blurring the brightest pixels never {halves}."
        if half >= 1
        else f"Blurring the brightest {half:.0%} {halves}; the same map in another place needs {needs}."
    )
    return Score(
        name="deletion",
        title="Deletion",
        value=own.deletion_auc,
        worst=1.0,
        best=0.0,
        reading=subject.unless(own.reason, reading),
        baselines=_means(measured, "deletion_auc"),
        interval=_spread(measured, "deletion_auc"),
        curves=_curves(measured, "deletion"),
        axes=("share of pixels blurred", subject.quantity.axis),
    )


def _halves(subject: Subject) -> str:
    if subject.quantity.score is None:
        return "halves the probability of anything else" if subject.against else "halves the probability"
    return f"raises {subject.quantity.noun} by half" if subject.against else f"halves {subject.quantity.noun}"


def insertion(measured: Measured, subject: Subject) -> Score:
    """Insertion: higher is better."""
    own, third = measured[THIS][0], STEPS // 3
    gave, other = float(own.insertion[third]), float(np.mean([each.insertion[third] for each in measured[MOVED]]))
    seen = "The brightest third of the pixels, the rest blurred,"
    if subject.quantity.score is None:
        thing = "everything else" if subject.against else "the class"
        reading = f"{seen} gives {thing} {gave:.0%}; a third in another place gives {other:.0%}."
    else:
        gave, other = (2 - gave, 2 - other) if subject.against else (gave, other)
        reading = (
            f"{seen} gives {gave:.0%} of {subject.quantity.noun} that the whole picture has; a third in another place"
            f" gives {other:.0%}."
        )
    return Score(
        name="insertion",
        title="Insertion",
        value=own.insertion_auc,
        reading=subject.unless(own.reason, reading),
        baselines=_means(measured, "insertion_auc"),
        interval=_spread(measured, "insertion_auc"),
        curves=_curves(measured, "insertion"),
        axes=("share of pixels shown sharp", subject.quantity.axis),
    )


def sanity(subject: Subject, run: Run, share: float = 1.0) -> Score:
    """Cascading randomisation: mean absolute rank correlation with the map of the trained model; lower is better."""
    model, x = subject.model, subject.x

    def explain(network: nn.Module) -> np.ndarray:
        return subject.again(ModelHandle(network, model.card, model.device), x, subject.target)

    found = [1.0]
    for stage, cam in enumerate(cascade(model.network, explain, run.rng, STAGES)):
        found.append(abs(rank_correlation(subject.signed, cam)))
        run.report(share * (0.8 + 0.2 * (stage + 1) / STAGES), "replacing the weights by noise")
    similarity = np.array(found)
    known = similarity[1:][np.isfinite(similarity[1:])]
    value = float(known.mean()) if known.size else float("nan")
    chance = chance_correlation(run.rng, subject.signed.shape)
    return Score(
        name="randomisation",
        title="Randomisation check",
        value=value,
        worst=1.0,
        best=0.0,
        reading=_sanity_words(value),
        baselines={"two random maps": chance, "map that ignores the model": 1.0},
        references=("two random maps",),
        curves={THIS: similarity},
        axes=("share of the weights replaced, from the top", "rank correlation"),
    )


def _sanity_words(value: float) -> str:
    if not np.isfinite(value):
        return "Cannot be measured: without its weights the model gives the same map everywhere."
    if value < 0.5:
        return f"Noise for weights leaves little of the map (rank correlation {value:.2f}): it shows what was learned."
    return f"Noise for weights leaves much of the map (rank correlation {value:.2f}): part of it is the photo alone."


def chance_correlation(rng: np.random.Generator, shape: tuple[int, ...]) -> float:
    """Mean absolute rank correlation of two random maps of this shape."""
    pairs = rng.random((64, 2, *shape))
    return float(np.nanmean([abs(rank_correlation(a, b)) for a, b in pairs]))


def _means(measured: Measured, area: str) -> dict[str, float]:
    return {
        name: float(np.mean([getattr(curves, area) for curves in group]))
        for name, group in measured.items()
        if name != THIS
    }


def _curves(measured: Measured, name: str) -> dict[str, np.ndarray]:
    return {title: np.mean([getattr(curves, name) for curves in group], axis=0) for title, group in measured.items()}


def _spread(measured: Measured, area: str) -> tuple[float, float]:
    """Where 95 % of random maps fall, under a normal distribution of their scores."""
    values = np.array([getattr(curves, area) for curves in measured["random map"]])
    half = 1.96 * float(values.std(ddof=1))
    return float(values.mean()) - half, float(values.mean()) + half
