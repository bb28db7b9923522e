"""FullGrad: pixels and biases add up to the score, and the map is the paper's, restated for a small network."""

import numpy as np
import pytest
import timm
import torch
import torch.nn.functional as F

from explainers.attribution.methods.problem import Problem
from explainers.attribution.methods.relevance.fullgrad import fullgrad, take_apart
from explainers.attribution.methods.table import PIXELS
from explainers.kit.targets import of_class
from models.errors import UnfitError
from tests.explainers.attribution.test_deep_lift import FAMILIES, MODULES, Dense, Sorts, problem_of
from tests.explainers.nets import fingerprint, inputs, seeded, small_cnn, small_vit


@pytest.mark.parametrize("name", FAMILIES)
def test_pixels_and_biases_add_up_to_the_score(name: str) -> None:
    torch.manual_seed(0)
    problem = problem_of(seeded(timm.create_model(name, **FAMILIES[name])), 64, target=3)
    before = fingerprint(problem.model.network)
    parts = take_apart(problem)
    with torch.no_grad():
        score = float(problem.model.network(problem.x)[0, 3])
    assert parts.score == pytest.approx(score, rel=1e-3)
    assert parts.total == pytest.approx(score, rel=1e-2)
    assert abs(float(parts.pixels.sum()) - score) > 0.05 * abs(score), "pixels alone do not"
    assert fingerprint(problem.model.network) == before
    assert (fullgrad(problem).values >= 0).all()


@pytest.mark.parametrize("act", ["relu", "gelu", "silu", "relu6"])
def test_implicit_biases_of_activations(act: str) -> None:
    """b = f(z) - f'(z) z of each unit, and the biases of the layers, by hand."""
    network = seeded(Dense(MODULES[act], act))
    problem = problem_of(network, 2)
    x = problem.x.flatten(1)
    values, biases, here = [], [], x
    for layer in network.layers[:-1]:
        z = (layer(here) * 3).detach().requires_grad_()
        y = getattr(F, act)(z)
        (slope,) = torch.autograd.grad(y.sum(), z)
        values.append(slope[0])
        biases.append((3 * layer.bias, (y - slope * z)[0]))
        here = y.detach()
    back = network.layers[-1].weight[1]
    total = network.layers[-1].bias[1]
    for layer, slope, (bias, implicit) in zip(
        reversed(network.layers[:-1]), reversed(values), reversed(biases), strict=True
    ):
        total = total + (back * implicit).sum() + (back * slope * bias).sum()
        back = 3 * layer.weight.T @ (back * slope)
    parts = take_apart(problem)
    torch.testing.assert_close(parts.pixels.flatten(), (back * x[0]).detach(), rtol=1e-4, atol=1e-6)
    assert sum(float(part.sum()) for part in parts.biases) == pytest.approx(float(total.detach()), rel=1e-3)


def test_map_is_the_papers() -> None:
    model = small_cnn()
    problem = Problem(model, inputs(model, 1), of_class(model, 1))
    net, x = model.network, problem.x.clone().requires_grad_()
    kept, here = [(x, x.detach())], x
    for stage in (net.stem, net.stage):
        conv, norm = stage[0], stage[1]
        here = conv(here)
        kept.append((here, conv.bias.detach()[None, :, None, None].expand_as(here)))
        scale = norm.weight / (norm.running_var + norm.eps).sqrt()
        here = norm(here)
        kept.append((here, (norm.bias - norm.running_mean * scale).detach()[None, :, None, None].expand_as(here)))
        here = here.relu()
    gradients = torch.autograd.grad(net.head(here.mean((2, 3)))[0, 1], [value for value, _ in kept])
    expected = 0
    for (_, bias), gradient in zip(kept, gradients, strict=True):
        size = (gradient * bias).abs()
        unit = (size - size.min()) / (size.max() - size.min())
        expected = expected + F.interpolate(unit, (32, 32), mode="bilinear")[0].sum(0)
    np.testing.assert_allclose(PIXELS["fullgrad"].solve(problem).cam[0], expected.detach(), rtol=1e-3, atol=1e-5)


def test_tokens_have_places() -> None:
    model = small_vit()
    problem = Problem(model, inputs(model, 1), of_class(model, 1))
    cam = fullgrad(problem).cam[0]
    pixels = take_apart(problem).pixels.abs().sum(0)
    assert np.corrcoef(cam.flatten(), pixels.flatten())[0, 1] < 0.99, "the tokens' biases are in it"


def test_what_cannot_be_taken_apart_is_refused_and_the_remedy_works() -> None:
    class Breaks(Sorts):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = x.flatten(1) * 1.0
            x[:, 0] = 40.0
            return self.head(x)

    problem = problem_of(seeded(Breaks()), 4)
    with pytest.raises(UnfitError, match=r"cannot be taken apart; choose integrated_gradients\.$"):
        fullgrad(problem)
    assert PIXELS["integrated_gradients"].solve(problem).values.any()
