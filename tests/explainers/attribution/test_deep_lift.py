"""DeepLIFT against the rescale rule written out in loops, captum where captum has the rule, and completeness."""

import math

import numpy as np
import pytest
import timm
import torch
import torch.nn.functional as F
from captum.attr import DeepLift
from torch import Tensor, nn

import models
from explainers.attribution.methods.problem import Problem
from explainers.attribution.methods.rescale import pairs
from explainers.attribution.methods.rescale.deep_lift import deep_lift
from explainers.attribution.methods.rescale.pairs import Pair
from explainers.attribution.methods.table import PIXELS
from explainers.attribution.saliency import completeness_gap
from explainers.kit.targets import of_class
from models.errors import UnfitError
from tests.explainers.nets import fingerprint, seeded

SCALARS = {
    "relu": lambda v: max(v, 0.0),
    "relu6": lambda v: min(max(v, 0.0), 6.0),
    "gelu": lambda v: 0.5 * v * (1 + math.erf(v / math.sqrt(2))),
    "silu": lambda v: v / (1 + math.exp(-v)),
    "hardswish": lambda v: v * min(max(v + 3, 0), 6) / 6,
    "mish": lambda v: v * math.tanh(math.log1p(math.exp(v))),
}
MODULES = {
    "relu": nn.ReLU(inplace=True),
    "relu6": nn.ReLU6(inplace=True),
    "gelu": nn.GELU(),
    "silu": nn.SiLU(inplace=True),
    "hardswish": nn.Hardswish(),
    "mish": nn.Mish(),
}


class Dense(nn.Module):
    """Three linear layers with one activation: a module used twice, or a function."""

    def __init__(self, act: nn.Module | None, name: str = "relu", size: int = 2) -> None:
        super().__init__()
        inside = 3 * size * size
        self.layers = nn.ModuleList([nn.Linear(inside, 7), nn.Linear(7, 6), nn.Linear(6, 5)])
        self.act, self.name = act, name

    def forward(self, x: Tensor) -> Tensor:
        x = x.flatten(1)
        for layer in self.layers[:-1]:
            x = layer(x) * 3
            x = getattr(F, self.name)(x) if self.act is None else self.act(x)
        return self.layers[-1](x)


def problem_of(network: nn.Module, size: int, target: int = 1, seed: int = 1) -> Problem:
    model = models.wrap(network.eval(), input_size=(3, size, size), device="cpu")
    x = torch.randn(1, 3, size, size, generator=torch.Generator().manual_seed(seed))
    return Problem(model, x, of_class(model, target))


def rescale_in_loops(network: Dense, x: np.ndarray, target: int) -> np.ndarray:
    """Multipliers (Shrikumar et al. 2017, section 3.5.1) from the answer down, one unit at a time."""
    act = SCALARS[network.name]
    weights = [
        (layer.weight.detach().double().numpy(), layer.bias.detach().double().numpy()) for layer in network.layers
    ]
    passed = []
    for value in (x, np.zeros_like(x)):
        inputs = []
        for weight, bias in weights[:-1]:
            before = 3 * (weight @ value + bias)
            value = np.array([act(v) for v in before])
            inputs.append((before, value))
        passed.append(inputs)
    multiplier = weights[-1][0][target]
    for depth in reversed(range(2)):
        (z, y), (z0, y0) = passed[0][depth], passed[1][depth]
        slope = np.array([(b - b0) / (a - a0) for a, b, a0, b0 in zip(z, y, z0, y0, strict=True)])
        multiplier = 3 * weights[depth][0].T @ (multiplier * slope)
    return multiplier * x


@pytest.mark.parametrize("written", ["module", "function"])
@pytest.mark.parametrize("name", SCALARS)
def test_is_the_rescale_rule(name: str, written: str) -> None:
    network = seeded(Dense(MODULES[name] if written == "module" else None, name))
    problem = problem_of(network, 2)
    expected = rescale_in_loops(network, problem.x.flatten().double().numpy(), 1)
    values = deep_lift(problem).values.flatten().double().numpy()
    np.testing.assert_allclose(values, expected, rtol=1e-4, atol=1e-6)
    plain = PIXELS["input_x_gradient"].compute(problem).values.flatten().double().numpy()
    assert np.abs(values - plain).max() > 0.01 * np.abs(values).max(), "it is not input x gradient"


class Reused(nn.Module):
    """One ReLU for all of it and a shortcut; or the same with functions."""

    def __init__(self, act: nn.Module | None = None) -> None:
        super().__init__()
        self.one, self.two = nn.Conv2d(3, 6, 3, padding=1), nn.Conv2d(6, 6, 3, padding=1)
        self.act, self.head = act or F.relu, nn.Linear(6, 4)

    def forward(self, x: Tensor) -> Tensor:
        x = self.act(self.one(x))
        x = self.act(self.two(x) + x)
        return self.head(x.mean((2, 3)))


@pytest.mark.filterwarnings("ignore:Setting (forward|backward)")
def test_is_captums_on_plain_relus() -> None:
    network = seeded(nn.Sequential(nn.Conv2d(3, 6, 3), nn.ReLU(), nn.Conv2d(6, 6, 3), nn.ReLU(), nn.Flatten()))
    problem = problem_of(network, 8)
    theirs = DeepLift(network).attribute(problem.x.clone().requires_grad_(), target=1).detach()
    torch.testing.assert_close(deep_lift(problem).values, theirs, rtol=1e-3, atol=1e-5 * float(theirs.abs().max()))


def test_a_module_that_is_used_twice_follows_the_rule_twice() -> None:
    problem, functions = problem_of(seeded(Reused(nn.ReLU())), 8), problem_of(seeded(Reused()), 8)
    torch.testing.assert_close(deep_lift(problem).values, deep_lift(functions).values)
    assert completeness_gap(problem, deep_lift(problem)) < 1e-4


def test_max_pooling_gives_the_difference_to_the_larger_maximum() -> None:
    network = nn.Sequential(nn.MaxPool2d(2), nn.Flatten())
    problem = problem_of(network, 4, target=0)
    problem.x[0, 0, :2, :2] = torch.tensor([[1.0, 5.0], [-2.0, 3.0]])
    assert deep_lift(problem).values[0, 0, :2, :2].tolist() == [[0, 5], [0, 0]]
    problem.x[0, 0, :2, :2] = torch.tensor([[-1.0, -5.0], [-2.0, -3.0]])
    values = deep_lift(problem).values[0, 0, :2, :2]
    assert float(values.sum()) == -1
    assert int((values != 0).sum()) == 1


def test_products_give_each_factor_its_shapley_value() -> None:
    a, b = (
        Pair(torch.tensor([3.0], requires_grad=True), torch.tensor([1.0])),
        Pair(torch.tensor([5.0], requires_grad=True), torch.tensor([2.0])),
    )
    result = pairs.times(torch.mul, a, b)
    one, other = torch.autograd.grad(result.now.sum(), (a.now, b.now))
    alone = {"": 2.0, "a": 6.0, "b": 5.0, "ab": 15.0}  # x y with the picture's factor, or the reference's
    assert float(one) * 2 == ((alone["a"] - alone[""]) + (alone["ab"] - alone["b"])) / 2
    assert float(other) * 3 == ((alone["b"] - alone[""]) + (alone["ab"] - alone["a"])) / 2


@pytest.mark.parametrize("masked", [False, True])
def test_softmax_is_complete_and_its_shares_are_those_of_the_logarithmic_mean(masked: bool) -> None:
    generator = torch.Generator().manual_seed(0)
    now, before = (8 * torch.randn(3, 5, generator=generator) for _ in range(2))
    if masked:
        now[:, 4] = before[:, 4] = -math.inf
    now[0, 0] += 200  # the reference's own exponential is 0 here
    leaf = now.clone().requires_grad_()
    result = pairs.softmax(Pair(leaf, before), -1)
    step = (now - before).nan_to_num(0)
    for column in range(4):
        (gradient,) = torch.autograd.grad(result.now[:, column].sum(), leaf, retain_graph=True)
        change = (now.softmax(-1) - before.softmax(-1))[:, column]
        torch.testing.assert_close((gradient * step).sum(-1), change, rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(result.now, now.softmax(-1))


FAMILIES = {
    "mobilenetv3_small_050": {},
    "tf_efficientnet_lite0": {},
    "efficientnet_b0": {},
    "resnet18": {},
    "convnextv2_atto": {},
    "vit_tiny_patch16_224": {"img_size": 64},
    "swinv2_tiny_window8_256": {"img_size": 64, "window_size": 4, "depths": (1, 1, 2, 1)},
    "vit_small_patch16_dinov3": {"img_size": 64, "depth": 3},
}


@pytest.mark.parametrize("name", FAMILIES)
def test_shares_add_up_on_timm_families(name: str) -> None:
    torch.manual_seed(0)
    problem = problem_of(seeded(timm.create_model(name, **FAMILIES[name])), 64, target=3)
    before = fingerprint(problem.model.network)
    attribution = deep_lift(problem)
    assert completeness_gap(problem, attribution) < 0.01
    assert fingerprint(problem.model.network) == before
    change = attribution.values.double().sum()
    plain = PIXELS["input_x_gradient"].compute(problem).values.double().sum()
    assert abs(float(plain - change)) > 0.1 * abs(float(change)), "input x gradient does not add up here"


def test_torchs_own_attention_is_taken_apart() -> None:
    class Attends(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.cut = nn.Conv2d(3, 8, 4, 4)
            self.block = nn.TransformerEncoderLayer(8, 2, 16, batch_first=False, activation="gelu")
            self.head = nn.Linear(8, 4)

        def forward(self, x: Tensor) -> Tensor:
            return self.head(self.block(self.cut(x).flatten(2).permute(2, 0, 1)).mean(0))

    problem = problem_of(seeded(Attends()), 16)
    assert completeness_gap(problem, deep_lift(problem)) < 1e-3


class Sorts(nn.Module):
    """An operation that no rule knows."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(48, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(x.flatten(1).sort(1).values.sin().cumprod(1) + 1)


def test_refuses_what_it_has_no_rule_for_and_the_method_that_it_names_works() -> None:
    problem = problem_of(seeded(Sorts()), 4)
    with pytest.raises(UnfitError, match=r"no rule for cumprod, sort; choose integrated_gradients\.$"):
        deep_lift(problem)
    assert PIXELS["integrated_gradients"].solve(problem).values.any()


def test_refuses_a_network_that_does_other_things_for_the_reference() -> None:
    class Fickle(Sorts):
        def forward(self, x: Tensor) -> Tensor:
            x = x.flatten(1)
            return self.head(x.relu() if bool(x.any()) else x)

    problem = problem_of(seeded(Fickle()), 4)
    with pytest.raises(UnfitError, match="does the same for every picture"):
        deep_lift(problem)
    assert PIXELS["integrated_gradients"].solve(problem).values.any()
