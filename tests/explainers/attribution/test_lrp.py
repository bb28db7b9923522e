"""LRP: conservation, and each rule of the composite written out in loops over units."""

import numpy as np
import pytest
import timm
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from explainers.attribution.methods.problem import Problem
from explainers.attribution.methods.relevance import lrp_rules as rules
from explainers.attribution.methods.relevance.lrp import Composite, lrp
from explainers.attribution.methods.table import PIXELS
from explainers.kit.targets import of_class
from models.errors import UnfitError
from tests.explainers.attribution.test_deep_lift import FAMILIES, problem_of
from tests.explainers.nets import fingerprint, inputs, seeded, small_cnn, small_vit

ACTS = {"relu": F.relu, "relu6": F.relu6, "gelu": F.gelu, "silu": F.silu}


class Net(nn.Module):
    """Two convolutions and a dense layer."""

    def __init__(self, act: str, *, bias: bool) -> None:
        super().__init__()
        self.one = nn.Conv2d(3, 5, 3, padding=1, bias=bias)
        self.two = nn.Conv2d(5, 4, 2, stride=2, bias=bias)
        self.head = nn.Linear(4, 3, bias=bias)
        self.act = ACTS[act]

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.act(self.two(self.act(self.one(x)))).mean((2, 3)))


def in_range(problem: Problem) -> Problem:
    problem.x.clamp_(-1, 1)  # between black and white, of mean and standard deviation .5
    return problem


@pytest.mark.parametrize("act", ACTS)
def test_relevance_is_conserved_without_biases(act: str) -> None:
    network = seeded(Net(act, bias=False))
    with torch.no_grad():
        logits = network(in_range(problem_of(network, 6)).x)[0]
    target = int(logits.abs().argmax())
    problem, score = in_range(problem_of(network, 6, target)), float(logits[target])
    values = lrp(problem).values
    assert float(values.sum()) == pytest.approx(score, abs=1e-3 * float(values.abs().sum()))
    assert float(values.abs().sum()) < 100 * abs(score), "nothing cancels that much"


def dense(layer: nn.Module, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """A convolution as a matrix and a bias for each output."""
    with torch.no_grad():
        zero = layer(torch.zeros(1, *shape)).flatten()
        size = int(np.prod(shape))
        matrix = layer(torch.eye(size).view(size, *shape)).flatten(1) - zero
    return matrix.T.double().numpy(), zero.double().numpy()


def by_loops(network: Net, x: Tensor) -> np.ndarray:
    """Relevance handed down unit by unit: epsilon, gamma on the second convolution, z^B on the first."""
    with torch.no_grad():
        z1 = network.one(x)
        a1 = network.act(z1)
        z2 = network.two(a1)
        a2 = network.act(z2)
    count = z2[0, 0].numel()
    weight, bias = (part.detach().double().numpy() for part in (network.head.weight[1], network.head.bias[1]))
    pooled = a2[0].mean((1, 2)).double().numpy()
    score = weight @ pooled + bias
    top = np.repeat(weight * pooled / score * score, count)  # of pooled values, then to the places that make them
    share = a2[0].double().numpy().reshape(4, -1)
    above = (share / share.sum(1, keepdims=True)).ravel() * top
    matrix, offset = dense(network.two, a1.shape[1:])
    middle = np.zeros(matrix.shape[1])
    below = a1.double().numpy().ravel()
    for unit, relevance in enumerate(above):
        parts = below * matrix[unit]
        z = parts.sum() + offset[unit]
        sign = 1 if z > 0 else -1
        lifted = parts + rules.GAMMA * np.where(parts * sign > 0, parts, 0)
        whole = lifted.sum() + offset[unit] + rules.GAMMA * (offset[unit] if offset[unit] * sign > 0 else 0)
        middle += lifted / (whole + sign * rules.EPSILON) * relevance
    matrix, _ = dense(network.one, x.shape[1:])
    bottom, pixels = np.zeros(matrix.shape[1]), x.double().numpy().ravel()
    for unit, relevance in enumerate(middle):
        parts = pixels * matrix[unit] - (-1) * np.clip(matrix[unit], 0, None) - 1 * np.clip(matrix[unit], None, 0)
        bottom += parts / (parts.sum() + rules.EPSILON) * relevance
    return bottom.reshape(x.shape)


@pytest.mark.parametrize("act", ACTS)
def test_rules_in_loops(act: str) -> None:
    problem = in_range(problem_of(seeded(Net(act, bias=True)), 6))
    before = fingerprint(problem.model.network)
    values, expected = lrp(problem).values.double().numpy(), by_loops(problem.model.network, problem.x)
    np.testing.assert_allclose(values, expected, rtol=1e-2, atol=1e-3 * np.abs(expected).max())
    assert fingerprint(problem.model.network) == before
    plain = PIXELS["input_x_gradient"].compute(problem).values.double().numpy()
    assert np.abs(plain - expected).max() > 0.1 * np.abs(expected).max()


def test_batch_normalisation_is_folded_into_the_convolution_before_it() -> None:
    normed, plain = small_cnn(), small_cnn()
    for stage in (plain.network.stem, plain.network.stage):
        stage[0] = torch.nn.utils.fuse_conv_bn_eval(stage[0], stage[1])
        stage[1] = nn.Identity()
    first, second = (lrp(Problem(model, inputs(normed, 1), of_class(model, 1))).values for model in (normed, plain))
    torch.testing.assert_close(first, second, rtol=1e-3, atol=1e-5 * float(second.abs().max()))


def test_padding_before_the_first_convolution_is_seen_through() -> None:
    class Pads(Net):
        def forward(self, x: Tensor) -> Tensor:
            return super().forward(F.pad(x, (1, 1, 1, 1)))

    network = Pads("relu", bias=True)
    network.one.padding = (0, 0)
    network.load_state_dict(seeded(Net("relu", bias=True)).state_dict())
    same = in_range(problem_of(seeded(Net("relu", bias=True)), 6))
    padded = in_range(problem_of(network, 6))
    torch.testing.assert_close(lrp(padded).values, lrp(same).values, rtol=1e-3, atol=1e-6)


def test_attention_and_the_spread_of_a_layer_norm_are_constants() -> None:
    """Relevance is what input x gradient gives where both are held still, activations as f(x) / x."""
    model = small_vit()
    problem = Problem(model, inputs(model, 1), of_class(model, 1))
    assert float(lrp(problem).values.abs().sum()) > 0
    x = torch.randn(1, 5, 8, requires_grad=True)
    with Composite(torch.zeros(1, 3, 2, 2), (torch.zeros(1), torch.zeros(1))):
        out = F.layer_norm(x, (8,), torch.full((8,), 2.0))
        attended = F.scaled_dot_product_attention(x[:, None], x[:, None], x[:, None])
    centred = x - x.mean(-1, keepdim=True)
    still = 2 * centred / (centred.square().mean(-1, keepdim=True) + 1e-5).sqrt().detach()
    weights = (x @ x.transpose(1, 2) / 8**0.5).softmax(-1).detach()
    for value, expected in ((out, still), (attended[:, 0], weights @ x)):
        torch.testing.assert_close(value, expected, rtol=1e-4, atol=1e-5)
        ours, theirs = (
            torch.autograd.grad(each[0, 1].square().sum(), x, retain_graph=True)[0] for each in (value, expected)
        )
        torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("name", FAMILIES)
def test_timm_families_are_explained(name: str) -> None:
    torch.manual_seed(0)
    problem = problem_of(seeded(timm.create_model(name, **FAMILIES[name])), 64, target=3)
    before = fingerprint(problem.model.network)
    values = lrp(problem).values
    assert torch.isfinite(values).all()
    assert values.any()
    assert fingerprint(problem.model.network) == before


def test_networks_of_sigmoids_are_refused_and_the_remedy_works() -> None:
    network = Net("relu", bias=True)
    network.act = torch.sigmoid
    problem = problem_of(seeded(network), 6)
    with pytest.raises(UnfitError, match=r"choose integrated_gradients\.$"):
        lrp(problem)
    assert PIXELS["integrated_gradients"].solve(problem).values.any()
