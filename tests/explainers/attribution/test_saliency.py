"""Pixel methods against captum's literal values, closed forms and loops; the model comes back as it was."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from captum.attr import Deconvolution as CaptumDeconvolution
from captum.attr import DeepLift, GuidedBackprop, InputXGradient, IntegratedGradients, Occlusion, Saliency
from torch import Tensor, nn

import explainers
import models
from explainers.attribution.gradcam import GradCamParams
from explainers.attribution.methods.perturbation import CELLS, random_masks
from explainers.attribution.methods.problem import Problem
from explainers.attribution.methods.table import CAMS, PIXELS, methods
from explainers.attribution.saliency import SaliencyParams, completeness_gap, drawn
from explainers.kit.restore import restore_after
from explainers.kit.targets import of_class
from explainers.params import knobs
from models.errors import InputError, UnfitError
from tests.explainers.nets import BombError, SmallCnn, fingerprint, inputs, marked, photo, seeded, small_cnn, small_vit

NOT_LINEAR = {"guided_backprop", "guided_gradcam", "deconvolution", "partition_shap", "fullgrad", "lrp"}
"""What they rectify, split first, take the size of or divide by depends on the score."""
CLOSE = {"rtol": 1e-3, "atol": 1e-6}


def ask_of(model, target: int = 1, versus: int | None = None, **more) -> Problem:
    of = of_class(model, target, versus)
    return Problem(model, inputs(model, 1), of, rng=np.random.default_rng(0), **more)


def plain_net() -> nn.Module:
    """The same network without in-place operations, for captum."""
    network = seeded(SmallCnn())
    for module in network.modules():
        if isinstance(module, nn.ReLU):
            module.inplace = False
    return network


class Linear(nn.Module):
    """Scores that are linear in the pixels: every complete method gives w * (x - x0) exactly."""

    def __init__(self) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        self.weight = nn.Parameter(torch.randn(2, 3 * 16 * 16, generator=generator))

    def forward(self, x: Tensor) -> Tensor:
        return x.flatten(1) @ self.weight.T


def linear() -> models.ModelHandle:
    return models.wrap(Linear(), input_size=(3, 16, 16), device="cpu")


@pytest.mark.parametrize(
    ("name", "peer"),
    [
        ("saliency", lambda net, x: Saliency(net).attribute(x, target=1, abs=False)),
        ("input_x_gradient", lambda net, x: InputXGradient(net).attribute(x, target=1)),
        ("integrated_gradients", lambda net, x: IntegratedGradients(net).attribute(x, target=1, n_steps=50)),
        ("guided_backprop", lambda net, x: GuidedBackprop(net).attribute(x, target=1)),
        ("deconvolution", lambda net, x: CaptumDeconvolution(net).attribute(x, target=1)),
        ("deep_lift", lambda net, x: DeepLift(net).attribute(x, target=1)),
    ],
)
@pytest.mark.filterwarnings("ignore:Setting (forward|backward)")
def test_captum_gives_the_same_values(name: str, peer) -> None:
    model = small_cnn()
    ours = PIXELS[name].compute(ask_of(model, samples=50)).values[0]
    theirs = peer(plain_net(), inputs(model, 1).requires_grad_())[0].detach()
    torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-5 * float(theirs.abs().max()))


def test_captum_gives_the_same_occlusion() -> None:
    model = small_cnn()
    ours = PIXELS["occlusion"].compute(ask_of(model)).cam[0]
    theirs = Occlusion(model.network).attribute(
        inputs(model, 1), sliding_window_shapes=(3, 4, 4), strides=(3, 2, 2), target=1, baselines=0
    )
    torch.testing.assert_close(ours, theirs[0, 0].detach(), rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("name", ["input_x_gradient", "integrated_gradients"])
def test_complete_methods_are_exact_on_a_linear_score(name: str) -> None:
    model = linear()
    ask = ask_of(model, samples=20)
    found = PIXELS[name].compute(ask)
    expected = model.network.weight[1].detach().reshape(3, 16, 16) * ask.x[0]
    torch.testing.assert_close(found.values[0], expected, **CLOSE)


def test_smoothgrad_of_a_linear_score_is_its_gradient() -> None:
    model = linear()
    expected = model.network.weight[1].detach().reshape(3, 16, 16)
    torch.testing.assert_close(PIXELS["smoothgrad"].compute(ask_of(model, samples=20)).values[0], expected, **CLOSE)


def test_gradient_shap_of_a_linear_score_is_the_mean_distance_times_the_weight() -> None:
    model = linear()
    ask = ask_of(model, samples=4000)
    found = PIXELS["gradient_shap"].compute(ask).values[0]
    expected = model.network.weight[1].detach().reshape(3, 16, 16) * ask.x[0]
    spread = 0.15 * float(ask.x.max() - ask.x.min())
    assert float((found - expected).abs().max()) < 6 * spread / 4000**0.5 * float(
        model.network.weight.detach().abs().max()
    )


def test_occlusion_of_a_linear_score_in_loops() -> None:
    model = linear()
    ask = ask_of(model)
    product = (model.network.weight[1].detach().reshape(3, 16, 16) * ask.x[0]).sum(0)
    total, hidden = torch.zeros(16, 16), torch.zeros(16, 16)
    for top in range(0, 15):
        for left in range(0, 15):
            total[top : top + 2, left : left + 2] += product[top : top + 2, left : left + 2].sum()
            hidden[top : top + 2, left : left + 2] += 1
    torch.testing.assert_close(PIXELS["occlusion"].compute(ask).cam[0], total / hidden, **CLOSE)


def test_rise_in_loops() -> None:
    model = small_cnn()
    found = PIXELS["rise"].compute(ask_of(model, samples=40)).cam[0]
    rng = np.random.default_rng(0)
    masks = torch.cat([random_masks(rng, count, (32, 32)) for count in (16, 16, 8)])
    with torch.no_grad():
        scores = [float(model.network(inputs(model, 1) * mask)[0, 1]) for mask in masks]
    mean = sum(scores) / 40
    total = sum((score - mean) * mask for score, mask in zip(scores, masks, strict=True)) / (40 * 0.25)
    torch.testing.assert_close(found, total, rtol=1e-2, atol=2e-3 * float(total.abs().max()))


def test_random_masks_keep_half_and_are_shifted() -> None:
    masks = random_masks(np.random.default_rng(0), 400, (30, 44))
    assert masks.shape == (400, 30, 44)
    assert 0 <= float(masks.min()) < float(masks.max()) <= 1 + 1e-6
    assert float(masks.mean()) == pytest.approx(0.5, abs=0.02)
    assert float(masks.mean(0).std()) < 0.05
    assert CELLS == 7


def test_completeness_gap_is_reported_and_falls_with_steps() -> None:
    gaps = [
        explainers.explain("saliency", small_cnn(), image=photo(), method="integrated_gradients", samples=steps).gap
        for steps in (2, 50)
    ]
    assert gaps[1] < 0.01
    assert gaps[1] < gaps[0]
    assert explainers.explain("saliency", small_cnn(), image=photo(), method="occlusion").gap is None
    ask = ask_of(linear(), samples=10)
    assert completeness_gap(ask, PIXELS["integrated_gradients"].compute(ask)) < 1e-4


@pytest.mark.parametrize("name", PIXELS)
def test_rather_than_is_a_difference(name: str) -> None:
    model = small_cnn()
    values = [PIXELS[name].compute(ask_of(model, 1, versus=versus, samples=32)).values[0] for versus in (None, 3)]
    other = PIXELS[name].compute(ask_of(model, 3, samples=32)).values[0]
    if name not in NOT_LINEAR:
        torch.testing.assert_close(values[1], values[0] - other, rtol=1e-2, atol=1e-4 * float(other.abs().max()))
    assert values[1].any()
    assert not torch.equal(values[0], values[1])


@pytest.mark.parametrize("name", PIXELS)
def test_model_and_global_generators_are_left_as_found_also_after_an_exception(name: str) -> None:
    model = marked(small_cnn())
    before = fingerprint(model.network)
    assert torch.isfinite(PIXELS[name].compute(ask_of(model, samples=20)).values[0]).all()
    assert fingerprint(model.network) == before
    model.network.bomb.lit = True
    before = fingerprint(model.network)
    with pytest.raises(BombError):
        PIXELS[name].compute(ask_of(model, samples=20))
    assert fingerprint(model.network) == before


@pytest.mark.parametrize("name", ["guided_backprop", "guided_gradcam", "deconvolution"])
def test_methods_that_need_relus_refuse_a_network_without_in_words(name: str) -> None:
    with pytest.raises(UnfitError, match="choose smoothgrad or integrated_gradients"):
        PIXELS[name].compute(ask_of(small_vit()))


@pytest.mark.parametrize("name", [name for name in PIXELS if not name.startswith(("guided", "deconv"))])
def test_transformers_are_explained_too(name: str) -> None:
    model = small_vit()
    before = fingerprint(model.network)
    assert PIXELS[name].compute(ask_of(model, samples=20)).values[0].any()
    assert fingerprint(model.network) == before


def test_result_is_what_the_spec_names_and_says_the_gap() -> None:
    result = explainers.explain("saliency", small_cnn(), image=photo(), target=2)
    assert result.attribution.shape == (3, 32, 32)
    assert result.attribution.dtype == result.heatmap.dtype == np.float32
    assert result.attribution.min() < 0
    assert result.cam.shape == result.heatmap.shape == (32, 32)
    assert 0 <= result.heatmap.min() <= result.heatmap.max() == 1
    assert "completeness gap 0" in result.sentence
    for chosen, words in (({"target": 9}, "0 to 4"), ({"target": 1, "versus": 1}, "against itself")):
        with pytest.raises(InputError, match=words):
            explainers.explain("saliency", small_cnn(), image=photo(), **chosen)


def test_what_is_drawn_is_the_positive_part_and_size_where_signs_say_nothing() -> None:
    values = np.array([[[1.0, -3.0]], [[1.0, 0.0]], [[0.0, 0.0]]], np.float32)
    assert PIXELS["occlusion"].signed_map(values).tolist() == [[2.0, -3.0]]
    assert PIXELS["saliency"].signed_map(values).tolist() == [[2.0, 3.0]]
    np.testing.assert_allclose(drawn(np.array([[2.0, -3.0]])), [[1, 0]])
    assert not drawn(np.array([[-1.0, -2.0]])).any()


def test_choices_are_the_tables() -> None:
    for params, table in ((SaliencyParams, PIXELS), (GradCamParams, CAMS)):
        (method,) = [knob for knob in knobs(params) if knob.name == "method"]
        assert method.choices == tuple(table)
    assert list(methods()) == [*CAMS, *PIXELS]


def test_batched_methods_give_one_map_a_picture() -> None:
    model = small_cnn()
    x, targets = inputs(model), torch.tensor([1, 3])
    for name in ("saliency", "occlusion"):
        maps = methods()[name].map(model, x, targets)
        assert maps.shape == (2, 32, 32)
        single = PIXELS[name].compute(replace(ask_of(model, 3), x=x[1:])).cam[0]
        torch.testing.assert_close(maps[1], single if PIXELS[name].signed else single.abs())


def test_untouched_puts_back_whatever_was_done() -> None:
    model = marked(small_cnn())
    before = fingerprint(model.network)

    def harm() -> None:
        with restore_after(model.network):
            assert not any(getattr(module, "inplace", False) for module in model.network.modules())
            model.network.stem[2] = nn.Identity()
            model.network.train()
            model.network.head.register_forward_hook(lambda *_: None)
            model.network.stage.extra = 3
            model.network.zero_grad()
            raise ValueError("stop")

    with pytest.raises(ValueError, match="stop"):
        harm()
    assert fingerprint(model.network) == before
