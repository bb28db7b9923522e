"""Guided backpropagation and deconvolution by their papers' rules, in loops; what they have no rule for is refused."""

import numpy as np
import pytest
import timm
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import models
from explainers.attribution.methods.problem import Problem
from explainers.attribution.methods.table import PIXELS
from explainers.kit.targets import of_class
from models.errors import UnfitError
from tests.explainers.nets import fingerprint, seeded

METHODS = ("guided_backprop", "deconvolution")
ALL = (*METHODS, "guided_gradcam")


class Net(nn.Module):
    """Two linear layers, one activation between and one after."""

    def __init__(self, act) -> None:
        super().__init__()
        self.one, self.two, self.head = nn.Linear(12, 40), nn.Linear(40, 30), nn.Linear(30, 3)
        self.act = act

    def forward(self, x: Tensor) -> Tensor:
        x = self.act(3 * self.one(x.flatten(1)))
        return self.head(self.act(3 * self.two(x)))


def problem_of(network: nn.Module, size: int = 2) -> Problem:
    model = models.wrap(network.eval(), input_size=(3, size, size), device="cpu")
    x = torch.randn(1, 3, size, size, generator=torch.Generator().manual_seed(3))
    return Problem(model, x, of_class(model, 1))


def by_hand(network: Net, x: np.ndarray, masked: bool, top: float) -> np.ndarray:
    """R_l = R_{l+1} where R_{l+1} > 0 (deconvolution) and 0 < z_l < top too (guided), from the answer down."""
    w1, b1, w2, b2, w3 = (
        part.detach().double().numpy()
        for part in (network.one.weight, network.one.bias, network.two.weight, network.two.bias, network.head.weight)
    )
    z1 = 3 * (w1 @ x + b1)
    z2 = 3 * (w2 @ np.clip(z1, 0, top) + b2)
    back = w3[1]
    for weight, z in ((w2, z2), (w1, z1)):
        back = np.array([max(r, 0.0) if (0 < v < top or not masked) else 0.0 for r, v in zip(back, z, strict=True)])
        back = 3 * weight.T @ back
    return back


ACTS = {
    "module": (nn.ReLU(inplace=True), np.inf),
    "functional": (F.relu, np.inf),
    "method": (lambda x: x.relu_(), np.inf),
    "clamp": (lambda x: x.clamp(min=0), np.inf),
    "relu6 module": (nn.ReLU6(), 6.0),
    "relu6 functional": (F.relu6, 6.0),
    "hardtanh": (lambda x: F.hardtanh(x, 0.0, 6.0), 6.0),
}


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("name", METHODS)
def test_rules_of_the_papers(name: str, act: str) -> None:
    function, top = ACTS[act]
    problem = problem_of(seeded(Net(function)))
    expected = by_hand(problem.model.network, problem.x.flatten().double().numpy(), name == "guided_backprop", top)
    before = fingerprint(problem.model.network)
    values = PIXELS[name].compute(problem).values.flatten().double().numpy()
    np.testing.assert_allclose(values, expected, rtol=1e-4, atol=1e-5)
    assert fingerprint(problem.model.network) == before
    assert np.abs(values).max() > 0


OTHERS = {
    "gelu": nn.GELU(),
    "silu": F.silu,
    "hardswish": nn.Hardswish(),
    "leaky_relu": nn.LeakyReLU(),
    "mish": F.mish,
    "elu": nn.ELU(),
}


@pytest.mark.parametrize("act", OTHERS)
@pytest.mark.parametrize("name", METHODS)
def test_other_activations_are_refused_by_name_and_the_remedy_works(name: str, act: str) -> None:
    problem = problem_of(seeded(Net(OTHERS[act])))
    with pytest.raises(UnfitError, match=rf"\(2 of {act}\); choose smoothgrad or integrated_gradients\.$"):
        PIXELS[name].compute(problem)
    for remedy in ("smoothgrad", "integrated_gradients"):
        assert PIXELS[remedy].solve(problem).values.any()


@pytest.mark.parametrize("act", [lambda x: x * torch.sigmoid(x), lambda x: x.sigmoid() * x])
def test_silu_written_out_is_seen(act) -> None:
    with pytest.raises(UnfitError, match="2 of silu"):
        PIXELS["guided_backprop"].compute(problem_of(seeded(Net(act))))


@pytest.mark.parametrize(
    ("arch", "reason"), [("mobilenetv3_small_050", "hardswish"), ("efficientnet_b0", "silu"), ("convnext_atto", "gelu")]
)
def test_families_with_other_activations_are_refused(arch: str, reason: str) -> None:
    """MobileNetV3 has both: half of a rule is no rule."""
    problem = problem_of(seeded(timm.create_model(arch)), 64)
    for name in ALL:
        with pytest.raises(UnfitError, match=reason):
            PIXELS[name].compute(problem)


@pytest.mark.parametrize("arch", ["tf_efficientnet_lite0", "densenet121", "legacy_seresnet18"])
def test_families_of_rectifiers_fit(arch: str) -> None:
    """ReLU6; functional ReLUs; gates of sigmoids, which keep their derivative."""
    problem = problem_of(seeded(timm.create_model(arch)), 64)
    for name in METHODS:
        assert PIXELS[name].compute(problem).values.any()
