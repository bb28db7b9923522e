"""Saliency shows which single pixels, in red, green and blue, move the score of a class.

Gradients ask how the score would change with each pixel. Integrated gradients and its relatives share the score out
over the pixels, beginning from a grey picture; so does DeepLIFT, which carries differences instead of gradients through
every operation. Layer-wise relevance propagation hands the score down layer by layer, and FullGrad asks the biases as
well. Occlusion and RISE cover places and watch the score, without looking inside the network at all; LIME and kernel
SHAP cover superpixels, and partition SHAP splits further what counts.

Limits: gradients of one picture are noisy, and a bright pixel can mean "more here would help" as well as "this
helped". Guided backpropagation and deconvolution draw edges almost whatever the model has learned: look at the
randomisation check. Whatever starts from a grey picture says little about grey things. Methods that cover places show
pictures that the model never saw in training, and superpixels are only as fine as they are cut. Read the evidence
beside the picture before you rely on it.
"""

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from explainers.attribution.evidence.run import measure as measure_map
from explainers.attribution.evidence.subject import MapUnderTest
from explainers.attribution.methods.problem import Attribution, Problem
from explainers.attribution.methods.table import METHODS, PIXELS
from explainers.attribution.sentences import AboutMap, sentence
from explainers.base import AboutClass, Evidence, Run, explainer
from explainers.kinds import Choice, Class
from explainers.kit.targets import chosen_class, of_class
from explainers.params import ImageParams, knob
from models import ModelHandle


@dataclass(frozen=True, kw_only=True)
class SaliencyParams(ImageParams):
    """What can be chosen."""

    target: int | None = knob(
        None, kind=Class(), auto="the model's first answer", help="The class to explain", label="Class"
    )
    method: str = knob(
        "integrated_gradients",
        kind=Choice(of=PIXELS),
        help="How pixels are asked; About says what each can and cannot show.",
    )
    versus: int | None = knob(
        None, kind=Class(), auto="nothing", help="Why the class rather than this one", more=True, label="Rather than"
    )
    samples: int | None = knob(
        None,
        2,
        8192,
        "Steps, noisy copies or masks",
        auto="the method's own number",
        more=True,
        only={"method": tuple(name for name, method in PIXELS.items() if method.samples)},
    )
    superpixels: int = knob(
        49,
        2,
        400,
        "Into about how many areas of like colour the picture is cut.",
        more=True,
        label="Superpixels",
        only={"method": ("lime", "kernel_shap")},
    )
    full: bool = knob(
        False, help="Measure all evidence, not only the three quickest scores.", more=True, label="Full evidence"
    )


@dataclass(frozen=True, kw_only=True)
class PixelMap(AboutClass):
    """What each pixel counts.

    Attributes:
        image: uint8 (H, W, 3), the photo as the model saw it.
        attribution: float32 (3, H, W), signed, raw.
        heatmap: float32 (H, W) in [0, 1], what is drawn: summed over colours, up to the 99.5th percentile.
        logits: float32 (K,).
        target, label, probability: the class explained.
        method: how pixels were asked.
        top5: the five likeliest classes: index, name, probability.
        versus, versus_label: the class that it was set against, and its name.
        gap: how far the attribution is from adding up to the score, as a share of it; None where it need not.
    """

    image: np.ndarray
    attribution: np.ndarray
    heatmap: np.ndarray
    logits: np.ndarray
    target: int
    probability: float
    method: str
    top5: tuple[tuple[int, str, float], ...]
    versus: int | None = None
    versus_label: str = ""
    gap: float | None = None

    @property
    def cam(self) -> np.ndarray:
        """The signed map (H, W): the attribution summed over colours."""
        return METHODS[self.method].signed_map(self.attribution)

    @property
    def sentence(self) -> str:
        """What the map shows, from its numbers."""
        words = sentence(self.heatmap, self.label, self.probability, AboutMap(versus=self.versus_label))
        return words if self.gap is None else f"{words[:-1]}; completeness gap {self.gap:.1%}."


def drawn(signed: np.ndarray) -> np.ndarray:
    """What is drawn (H, W) in [0, 1]: the positive part over its 99.5th percentile."""
    positive = np.clip(signed, 0, None)
    top = float(np.percentile(positive, 99.5)) or float(positive.max())
    shown = np.clip(positive / top, 0, 1) if top > 0 else positive
    return shown.astype(np.float32)


def problem_of(model: ModelHandle, x: Tensor, target: int, params: SaliencyParams, rng: np.random.Generator) -> Problem:
    """The problem that the choices make.

    Raises:
        InputError: a class that is not there, or one set against itself.
    """
    of, samples = of_class(model, target, params.versus), params.samples or 0
    return Problem(model, x, of, rng=rng, samples=samples, superpixels=params.superpixels)


def measure(model: ModelHandle, params: SaliencyParams, result: PixelMap, run: Run) -> Evidence:
    """Evidence for a map of pixels."""
    method = METHODS[params.method]

    def again(other: ModelHandle, x: Tensor, target: int) -> np.ndarray:
        problem = problem_of(other, x, target, params, np.random.default_rng(params.seed))
        return method.signed_map(method.solve(problem).values[0].float().cpu().numpy())

    subject = MapUnderTest(model, result.image, result.heatmap, result.cam, result.target, result.versus, False, again)
    return measure_map(subject, run, full=params.full)


@explainer("Saliency", paper="https://arxiv.org/abs/1312.6034", evidence=measure)
def saliency(model: ModelHandle, params: SaliencyParams, run: Run) -> PixelMap:
    """Explain one picture; see the module's docstring."""
    run.report(0.02, "reading the picture")
    view = model.view(params.image)
    x = model.normalise(view.pixels[None])
    with torch.inference_mode():
        logits = model.network(x)[0].float().cpu()
    target, method = chosen_class(model, logits, params.target), METHODS[params.method]
    problem = replace(problem_of(model, x, target, params, run.rng), report=run.part(0.05, 0.95).report)
    attribution = method.solve(problem)
    run.report(0.95, "drawing the map")
    values, labels, chance = attribution.values[0].float().cpu().numpy(), model.card.labels, model.chances(logits)
    return PixelMap(
        image=view.pixels,
        attribution=values,
        heatmap=drawn(method.signed_map(values)),
        logits=logits.numpy(),
        target=target,
        label=labels[target],
        probability=float(chance[target]),
        method=params.method,
        versus=params.versus,
        gap=completeness_gap(problem, attribution),
        versus_label="" if params.versus is None else labels[params.versus],
        top5=tuple((i, labels[i], float(chance[i])) for i in chance.topk(min(5, len(labels))).indices.tolist()),
    )


def completeness_gap(problem: Problem, attribution: Attribution) -> float | None:
    """|sum of the attribution - (y(x) - y(x0))| / |y(x) - y(x0)| (Sundararajan et al. 2017, section 3)."""
    if attribution.start is None:
        return None
    with torch.inference_mode():
        end, start = map(float, problem.score(torch.cat([problem.x, attribution.start])).double().tolist())
    return abs(float(attribution.values.double().sum()) - (end - start)) / max(abs(end - start), 1e-12)
