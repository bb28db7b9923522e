"""Saliency shows which single pixels, in red, green and blue, move the score of a class.

Gradients ask how the score would change with each pixel; integrated gradients and its relatives share the score out
over the pixels, beginning from a grey picture; occlusion and RISE cover places and watch the score, without looking
inside the network at all.

Limits: gradients of one picture are noisy, and a bright pixel can mean "more here would help" as well as "this
helped". Guided backpropagation and deconvolution draw edges almost whatever the model has learned: look at the
randomisation check. Whatever starts from a grey picture says little about grey things. Occlusion and RISE show pictures
that the model never saw in training. Read the evidence beside the picture before you rely on it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from explainers.attribution.evidence.run import measure as measure_map
from explainers.attribution.evidence.subject import MapUnderTest
from explainers.attribution.methods import gradients as pixels
from explainers.attribution.methods import perturbation as covering
from explainers.attribution.methods.gradients import Attributed, Question
from explainers.attribution.sentences import Asked, sentence
from explainers.base import AboutClass, Evidence, Run, explainer
from explainers.kinds import Choice, Class
from explainers.params import ImageParams, knob
from models import ModelHandle
from models.errors import InputError


@dataclass(frozen=True, kw_only=True)
class PixelMethod:
    """A method of the table.

    Attributes:
        title, paper: for people.
        answer: works it out.
        samples: how often it repeats by default; 0 where it does not.
        forwards: what each repetition costs, in forward passes; of the whole where it does not repeat.
        signed: whether a pixel's sign says for or against; where not, what is drawn is the size.
    """

    title: str
    paper: str
    answer: Callable[[Question], Attributed]
    samples: int = 0
    forwards: int | float = 3
    signed: bool = True

    @property
    def cost_forwards(self) -> float:
        """What one picture costs, in forward passes."""
        return float(max(1, self.samples) * self.forwards)


PIXELS: Mapping[str, PixelMethod] = {
    "saliency": PixelMethod(
        title="Saliency", paper="https://arxiv.org/abs/1312.6034", answer=pixels.saliency, signed=False
    ),
    "input_x_gradient": PixelMethod(
        title="Input × gradient", paper="https://arxiv.org/abs/1605.01713", answer=pixels.input_x_gradient
    ),
    "integrated_gradients": PixelMethod(
        title="Integrated gradients",
        paper="https://arxiv.org/abs/1703.01365",
        answer=pixels.integrated_gradients,
        samples=50,
    ),
    "smoothgrad": PixelMethod(
        title="SmoothGrad", paper="https://arxiv.org/abs/1706.03825", answer=pixels.smoothgrad, samples=16, signed=False
    ),
    "guided_backprop": PixelMethod(
        title="Guided backpropagation",
        paper="https://arxiv.org/abs/1412.6806",
        answer=pixels.guided_backprop,
        signed=False,
    ),
    "guided_gradcam": PixelMethod(
        title="Guided Grad-CAM",
        paper="https://arxiv.org/abs/1610.02391",
        answer=pixels.guided_gradcam,
        forwards=4,
        signed=False,
    ),
    "deconvolution": PixelMethod(
        title="Deconvolution", paper="https://arxiv.org/abs/1311.2901", answer=pixels.deconvolution, signed=False
    ),
    "occlusion": PixelMethod(
        title="Occlusion", paper="https://arxiv.org/abs/1311.2901", answer=covering.occlusion, forwards=226
    ),
    "rise": PixelMethod(
        title="RISE", paper="https://arxiv.org/abs/1806.07421", answer=covering.rise, samples=512, forwards=1
    ),
    "gradient_shap": PixelMethod(
        title="Gradient SHAP", paper="https://arxiv.org/abs/1705.07874", answer=pixels.gradient_shap, samples=32
    ),
    "deep_lift": PixelMethod(
        title="DeepLIFT", paper="https://arxiv.org/abs/1704.02685", answer=pixels.deep_lift, forwards=6
    ),
}


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
        only={"method": ("integrated_gradients", "smoothgrad", "rise", "gradient_shap")},
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
        return signed_map(self.attribution, self.method)

    @property
    def sentence(self) -> str:
        """What the map shows, from its numbers."""
        words = sentence(self.heatmap, self.label, self.probability, Asked(versus=self.versus_label))
        return words if self.gap is None else f"{words[:-1]}; its sum misses the score by {self.gap:.1%}."


def signed_map(attribution: np.ndarray, method: str) -> np.ndarray:
    """(3, H, W) summed over colours; the sum's size where the sign says nothing of for or against."""
    total: np.ndarray = attribution.sum(axis=0)
    return total if PIXELS[method].signed else np.abs(total)


def drawn(signed: np.ndarray) -> np.ndarray:
    """What is drawn (H, W) in [0, 1]: the positive part over its 99.5th percentile."""
    positive = np.clip(signed, 0, None)
    top = float(np.percentile(positive, 99.5)) or float(positive.max())
    shown: np.ndarray = np.clip(positive / top, 0, 1) if top > 0 else positive
    return shown.astype(np.float32)


def question(model: ModelHandle, x: Tensor, target: int, params: SaliencyParams, rng: np.random.Generator) -> Question:
    """The question that the choices make.

    Raises:
        InputError: a class that is not there, or one set against itself.
    """
    model.card.check_target(target)
    if params.versus is not None and model.card.check_target(params.versus) == target:
        raise InputError(f"Class {target} cannot be set against itself; choose another one for 'rather than'.")
    samples = params.samples or PIXELS[params.method].samples or 1
    return Question(model, x, target, params.versus, samples, rng)


def measure(model: ModelHandle, params: SaliencyParams, result: PixelMap, run: Run) -> Evidence:
    """Evidence for a map of pixels."""

    def again(other: ModelHandle, x: Tensor, target: int) -> np.ndarray:
        ask = question(other, x, target, params, np.random.default_rng(params.seed))
        return signed_map(PIXELS[params.method].answer(ask).values.float().cpu().numpy(), params.method)

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
    target = int(logits.argmax()) if params.target is None else params.target
    ask = question(model, x, target, params, run.rng)
    ask = Question(**{**vars(ask), "report": lambda fraction, note: run.report(0.05 + 0.9 * fraction, note)})
    attributed = PIXELS[params.method].answer(ask)
    run.report(0.95, "drawing the map")
    values, labels, chance = attributed.values.float().cpu().numpy(), model.card.labels, logits.softmax(0)
    return PixelMap(
        image=view.pixels,
        attribution=values,
        heatmap=drawn(signed_map(values, params.method)),
        logits=logits.numpy(),
        target=target,
        label=labels[target],
        probability=float(chance[target]),
        method=params.method,
        versus=params.versus,
        gap=completeness_gap(ask, attributed),
        versus_label="" if params.versus is None else labels[params.versus],
        top5=tuple((i, labels[i], float(chance[i])) for i in chance.topk(min(5, len(labels))).indices.tolist()),
    )


def completeness_gap(ask: Question, attributed: Attributed) -> float | None:
    """|sum of the attribution - (y(x) - y(x0))| / |y(x) - y(x0)| (Sundararajan et al. 2017, section 3)."""
    if attributed.start is None:
        return None
    with torch.inference_mode():
        end, start = map(float, ask.score(torch.cat([ask.x, attributed.start])).double().tolist())
    return abs(float(attributed.values.double().sum()) - (end - start)) / max(abs(end - start), 1e-12)
