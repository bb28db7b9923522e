"""The whole kind on ReLU6, GELU and SiLU: gradients are differences of scores, and maps are what their papers say."""

import copy

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import models
from explainers.attribution.methods.gradients import SIGMA
from explainers.attribution.methods.problem import Problem
from explainers.attribution.methods.table import CAMS, PIXELS
from explainers.kit.intercept import Plain
from explainers.kit.targets import of_class
from tests.explainers.nets import seeded

ACTS = {"relu6": F.relu6, "gelu": F.gelu, "silu": F.silu}
STEP = 1e-5


class Net(nn.Module):
    """Two convolutions and the activation, called as a function; a head that is not linear in the maps."""

    def __init__(self, act) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 6, 3, padding=1)
        self.stage = nn.Conv2d(6, 4, 3, padding=1)
        self.hidden, self.head = nn.Linear(4, 6), nn.Linear(6, 3)
        self.act = act

    def tail(self, maps: Tensor) -> Tensor:
        return self.head(self.act(self.hidden(4 * self.act(maps).mean((2, 3)))))

    def forward(self, x: Tensor) -> Tensor:
        return self.tail(self.stage(self.act(3 * self.stem(x))))


each_act = pytest.mark.parametrize("act", ACTS)


def case(act: str) -> tuple[Problem, Net]:
    """A problem of 6x6 pixels, and the network in double precision."""
    network = seeded(Net(ACTS[act]))
    model = models.wrap(network, input_size=(3, 6, 6), device="cpu")
    x = torch.randn(1, 3, 6, 6, generator=torch.Generator().manual_seed(2))
    problem = Problem(model, x, of_class(model, 1), model.layer("stage"), samples=4, rng=np.random.default_rng(0))
    return problem, copy.deepcopy(network).double()


def differences(score, x: Tensor) -> Tensor:
    """d score / dx by central differences, one number at a time: in double, all in one batch."""
    steps = STEP * torch.eye(x.numel(), dtype=torch.float64).view(-1, *x.shape[1:])
    with torch.no_grad():
        return ((score(x.double() + steps) - score(x.double() - steps)) / (2 * STEP)).view(x.shape)


def near(ours: Tensor, expected: Tensor) -> None:
    torch.testing.assert_close(ours.double(), expected, rtol=1e-3, atol=1e-4 * float(expected.abs().max()))


@each_act
def test_saliency_and_input_x_gradient(act: str) -> None:
    problem, network = case(act)
    gradient = differences(lambda x: network(x)[:, 1], problem.x)
    near(PIXELS["saliency"].compute(problem).values, gradient)
    near(PIXELS["input_x_gradient"].compute(problem).values, gradient * problem.x)


@each_act
def test_integrated_gradients(act: str) -> None:
    problem, network = case(act)
    nodes, weights = np.polynomial.legendre.leggauss(4)
    along = [differences(lambda x: network(x)[:, 1], problem.x.double() * (node + 1) / 2) for node in nodes]
    mean = sum(weight / 2 * gradient for weight, gradient in zip(weights, along, strict=True))
    near(PIXELS["integrated_gradients"].compute(problem).values, problem.x * mean)


@each_act
def test_smoothgrad_and_gradient_shap(act: str) -> None:
    problem, network = case(act)
    spread, gradient = SIGMA * float(problem.x.max() - problem.x.min()), lambda x: differences(score, x)

    def score(x: Tensor) -> Tensor:
        return network(x)[:, 1]

    noise = torch.from_numpy(np.random.default_rng(0).standard_normal((4, 3, 6, 6), dtype=np.float32))
    smooth = sum(gradient(problem.x + spread * copy[None]) for copy in noise) / 4
    near(PIXELS["smoothgrad"].compute(problem).values, smooth)
    rng = np.random.default_rng(0)
    starts = spread * torch.from_numpy(rng.standard_normal((4, 3, 6, 6), dtype=np.float32))
    places = rng.random((4, 1, 1, 1), dtype=np.float32).ravel()
    pairs = [(problem.x - start[None], start[None], float(place)) for start, place in zip(starts, places, strict=True)]
    expected = sum(step * gradient(start + place * step) for step, start, place in pairs) / 4
    fresh, _ = case(act)
    near(PIXELS["gradient_shap"].compute(fresh).values, expected)


@each_act
def test_maps_of_the_family(act: str) -> None:
    problem, network = case(act)
    with torch.no_grad():
        maps = network.stage(network.act(3 * network.stem(problem.x.double())))
        score = float(network.tail(maps)[0, 1])
    gradient = differences(lambda a: network.tail(a)[:, 1], maps)
    alpha = gradient.mean((2, 3), keepdim=True)
    expected = {
        "gradcam": alpha * maps,
        "counterfactual": -alpha * maps,
        "hirescam": gradient * maps,
        "layercam": gradient.clamp(min=0) * maps,
        "xgradcam": (gradient * maps).sum((2, 3), keepdim=True) / maps.sum((2, 3), keepdim=True) * maps,
    }
    for name, each in expected.items():
        near(CAMS[name].solve(problem).cam, each.sum(1))
    with torch.no_grad():
        without = [float(network.tail(maps * (torch.arange(4) != k)[:, None, None])[0, 1]) for k in range(4)]
    near(
        CAMS["ablationcam"].solve(problem).alpha[0], torch.tensor([(score - y) / abs(score) for y in without]).double()
    )


@each_act
def test_occlusion_and_rise_ask_scores_only(act: str) -> None:
    problem, network = case(act)
    with torch.no_grad():
        whole = float(network(problem.x.double())[0, 1])
        losses = torch.zeros(6, 6)
        for row in range(6):
            for column in range(6):
                hidden = problem.x.double().clone()
                hidden[0, :, row, column] = 0
                losses[row, column] = whole - float(network(hidden)[0, 1])
    near(PIXELS["occlusion"].compute(problem).cam[0], losses.double())
    assert PIXELS["rise"].compute(problem).values.any()


class Tokens(nn.Module):
    """Maps become tokens after a batch normalisation, as in LeViT, XCiT and VOLO."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.norm, self.mix = nn.Conv2d(3, 8, 1), nn.BatchNorm2d(8), nn.Linear(8, 8)
        self.head = nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        tokens = self.norm(self.stem(x)).flatten(2).transpose(1, 2)
        weights = torch.arange(1.0, tokens.shape[1] + 1, dtype=x.dtype)[:, None]
        return self.head((F.gelu(self.mix(tokens)) * weights).mean(1))


@pytest.mark.parametrize(
    "name", ["saliency", "input_x_gradient", "integrated_gradients", "deep_lift", "fullgrad", "lrp"]
)
def test_batch_normalisation_before_tokens(name: str) -> None:
    """A normalisation is a scale and a shift, whatever layout its gradient comes in."""
    network = seeded(Tokens())
    model = models.wrap(network, input_size=(3, 8, 8), device="cpu")
    x = torch.randn(1, 3, 8, 8, generator=torch.Generator().manual_seed(2)).clamp(-1, 1)
    ours = PIXELS[name].compute(Problem(model, x, of_class(model, 1), samples=20)).values
    written = copy.deepcopy(network)
    norm = written.norm
    scale = norm.weight / (norm.running_var + norm.eps).sqrt()
    shift = norm.bias - norm.running_mean * scale
    written.norm = nn.Conv2d(8, 8, 1, groups=8)
    written.norm.weight.data, written.norm.bias.data = scale.data[:, None, None, None], shift.data
    if name in ("fullgrad", "lrp"):  # there two convolutions are other layers than one and its normalisation
        written.stem, written.norm = torch.nn.utils.fuse_conv_bn_eval(network.stem, network.norm), nn.Identity()
    other = models.wrap(written.eval(), input_size=(3, 8, 8), device="cpu")
    expected = PIXELS[name].compute(Problem(other, x, of_class(other, 1), samples=20)).values
    if name == "fullgrad":
        assert ours.any()  # it refuses where its parts do not add up
    else:
        torch.testing.assert_close(ours, expected, rtol=1e-3, atol=1e-4 * float(expected.abs().max()))


def test_torchs_slip_in_batch_normalisation_is_mended() -> None:
    """The gradient of tokens comes transposed; torch 2.14 reads it as if it were not."""
    scale, mean, var = torch.rand(8) + 0.5, torch.rand(8), torch.rand(8) + 0.5
    x, gradient = torch.randn(1, 8, 4, 4), torch.randn(1, 16, 8).transpose(1, 2).unflatten(2, (4, 4))
    leaf = x.requires_grad_()
    with Plain():
        out = F.batch_norm(leaf, mean, var, scale, None, False)
    expected = gradient * (scale / (var + 1e-5).sqrt())[:, None, None]
    torch.testing.assert_close(torch.autograd.grad(out, leaf, gradient)[0], expected)
