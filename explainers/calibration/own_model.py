"""Methods on your own model and picture: the half of calibration that needs no known truth.

Three things can be measured anywhere. Faithfulness: does the probability fall when the bright pixels are blurred, and
rise when they alone are sharp? Sanity: is little of the map left when the weights are replaced by noise? Stability:
does the map stay when noise too small to change the answer is added to the picture?

Limits: none of the three says that a map is right; each can only show that it is not. Blurred pictures are unlike what
the network was trained on. A map that never changes is perfectly stable, so read stability together with sanity.
"""

from dataclasses import dataclass

import numpy as np
import torch

from explainers.base import AboutClass, Evidence, Run, Score, explainer
from explainers.calibration.candidates import Candidate, candidates, chosen, drawn
from explainers.evidence import agreement, centre_map, insertion_deletion, random_map
from explainers.evidence.sanity import cascade, rank_correlation
from explainers.kinds import Class, Names
from explainers.kit.predict import logits_of, probabilities
from explainers.kit.resize import enlarged
from explainers.params import ImageParams, knob
from models import ModelHandle
from models.errors import UnfitError

COLUMNS = ("insertion", "deletion", "sanity", "stability")
NOISE = 0.02
DRAWS = 3
STEPS = 15


@dataclass(frozen=True, kw_only=True)
class TrialParams(ImageParams):
    """What can be chosen."""

    target: int | None = knob(
        None, kind=Class(), auto="the model's first answer", help="The class to explain", label="Class"
    )
    methods: tuple[str, ...] | None = knob(
        None, kind=Names(of=candidates), auto="all methods", help="The methods", more=True, label="Methods"
    )


@dataclass(frozen=True, kw_only=True)
class Trial(AboutClass):
    """What can be readings of each method without knowing the truth.

    Attributes:
        marks: float64 (M, 4), for ``columns``; 0 where none is due. Higher is better, but for deletion.
        applies: bool (M, 4), whether the question arises; controls have neither sanity nor stability.
        cost: (M,), forward passes a picture.
        image: uint8 (H, W, 3), as the model saw it.
        maps: uint8 (M, H, W), as they would be drawn.
        agreement: float64 (M, M), rank correlation of each two maps; 0 where one has no order.
        names, titles: of the methods, the two controls last.
        columns: insertion and deletion (mean probability), sanity (1 - |rank correlation| with a network of noise),
            stability (rank correlation with the map of a slightly noisy picture).
        target, label, probability: the class that is explained.
        unfit: methods that do not fit the model, with the reason.
    """

    marks: np.ndarray
    applies: np.ndarray
    cost: np.ndarray
    image: np.ndarray
    maps: np.ndarray
    agreement: np.ndarray
    names: tuple[str, ...]
    titles: tuple[str, ...]
    columns: tuple[str, ...]
    target: int
    probability: float
    unfit: tuple[tuple[str, str], ...]

    @property
    def sentence(self) -> str:
        """Which method names the pixels best here."""
        gains = self.marks[:-2, 0] - self.marks[:-2, 1]
        if not len(gains):
            return "No method fits this model."
        best = int(np.argmax(gains))
        return (
            f"For *{self.label.split(',')[0]}*, the map of *{self.titles[best]}* names the pixels that count best:"
            f" sharp alone they keep {self.marks[best, 0]:.0%} on average, blurred {self.marks[best, 1]:.0%} is left."
        )


def against_controls(_model: ModelHandle, _params: TrialParams, result: Trial, run: Run) -> Evidence:
    """The best method's insertion and deletion beside those of maps that know nothing."""
    scores: list[Score] = []
    for column, better in (("insertion", max), ("deletion", min)):
        run.report(len(scores) / 2, f"reading the controls: {column}")
        at = result.columns.index(column)
        marks = result.marks[:-2, at]
        value = float(better(marks)) if len(marks) else float("nan")
        others = {title: float(mark) for title, mark in zip(result.titles[-2:], result.marks[-2:, at], strict=True)}
        best, worst = (1.0, 0.0) if better is max else (0.0, 1.0)
        words = ", ".join(f"{name.lower()} {mark:.2f}" for name, mark in others.items())
        scores.append(
            Score(
                of="the best method",
                name=column,
                title=f"Best {column}",
                value=value,
                baselines=others,
                best=best,
                worst=worst,
                reading=f"The best method reaches {value:.2f}; {words}."
                if len(marks)
                else "No method fits this model.",
            )
        )
    return Evidence(scores=tuple(scores))


@explainer("Methods on your own model", paper="https://arxiv.org/abs/1810.03292", evidence=against_controls)
def trial(model: ModelHandle, params: TrialParams, run: Run) -> Trial:
    """Try the methods; see the module's docstring."""
    view = model.view(params.image)
    run.report(0.0, f"running {model.card.title}")
    chance = model.chances(logits_of(model, view.pixels[None])[0].float())
    target = model.first_answer(chance) if params.target is None else model.card.check_target(params.target)
    subject = TrialPicture(model, view.pixels, target)
    rows: dict[str, tuple[str, float, np.ndarray, np.ndarray]] = {}
    unfit: list[tuple[str, str]] = []
    methods = chosen(params.methods)
    for index, method in enumerate(methods.values()):
        run.report(index / len(methods), f"{method.title}: method {index + 1} of {len(methods)}")
        try:
            heat, marks = subject.try_out(method, params.seed)
        except UnfitError as error:
            unfit.append((method.title, str(error)))
            continue
        rows[method.name] = (method.title, float(method.cost_forwards), heat, marks)
    size = view.pixels.shape[:2]
    for name, title, heat in (
        ("centre", "Centre of the picture", centre_map(size)),
        ("random", "Random map", random_map(np.random.default_rng(params.seed), size)),
    ):
        rows[name] = (title, 0.0, heat, np.array([*subject.faithfulness(heat), np.nan, np.nan]))
    titles, costs, heats, marked = zip(*rows.values(), strict=True)
    return Trial(
        marks=np.nan_to_num(np.array(marked)),
        applies=np.isfinite(np.array(marked)),
        cost=np.array(costs),
        image=view.pixels,
        maps=np.stack([drawn(heat) for heat in heats]),
        agreement=agreement(heats),
        names=tuple(rows),
        titles=tuple(titles),
        columns=COLUMNS,
        target=target,
        label=model.card.labels[target],
        probability=float(chance[target]),
        unfit=tuple(unfit),
    )


@dataclass(frozen=True)
class TrialPicture:
    """One picture, one class, one model: what every method is tried on."""

    model: ModelHandle
    pixels: np.ndarray
    target: int

    def map(self, method: Candidate, model: ModelHandle, pixels: np.ndarray) -> np.ndarray:
        """The method's signed map (H, W) of a picture."""
        classes = torch.tensor([self.target], device=model.device)
        cam = method.map(model, model.normalise(pixels[None]), classes)
        return np.asarray(enlarged(cam, self.pixels.shape[:2])[0])

    def try_out(self, method: Candidate, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Its map and its four marks."""
        heat = self.map(method, self.model, self.pixels)
        return heat, np.array(
            [*self.faithfulness(heat), self.sanity(method, heat, seed), self.stability(method, heat, seed)]
        )

    def faithfulness(self, heat: np.ndarray) -> tuple[float, float]:
        """Areas under the insertion and deletion curves."""
        curves = insertion_deletion(
            lambda images: probabilities(self.model, images, self.target), self.pixels, heat, steps=STEPS
        )
        return curves.insertion_auc, curves.deletion_auc

    def sanity(self, method: Candidate, heat: np.ndarray, seed: int) -> float:
        """1 - |rank correlation| with the map of the network with noise for weights."""

        def explain(network: torch.nn.Module) -> np.ndarray:
            return self.map(method, self.model.under(network), self.pixels)

        (noise,) = cascade(self.model.network, explain, np.random.default_rng(seed), stages=1)
        return 1 - abs(float(np.nan_to_num(rank_correlation(heat[::4, ::4], noise[::4, ::4]))))

    def stability(self, method: Candidate, heat: np.ndarray, seed: int) -> float:
        """Mean rank correlation with the maps of slightly noisy pictures (noise of 2% of the range)."""
        rng, correlations = np.random.default_rng(seed), []
        for _ in range(DRAWS):
            noisy = (
                np.clip(self.pixels + rng.normal(0, 255 * NOISE, self.pixels.shape), 0, 255).round().astype(np.uint8)
            )
            other = self.map(method, self.model, noisy)
            correlations.append(np.nan_to_num(rank_correlation(heat[::4, ::4], other[::4, ::4])))
        return float(np.mean(correlations))
