"""Networks and values that nobody planned for: explained, or refused in a sentence; never an error that is not ours."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import explainers
import models
from explainers import params_of
from explainers.attribution.methods.problem import Problem
from explainers.attribution.methods.table import METHODS
from explainers.kit.targets import of_classes
from models import ModelHandle, SeewhyError
from tests.explainers.nets import SmallCnn, photo, seeded, small_vit
from tests.explainers.test_contract import LENSES, arrays_in, example

SIZE = (3, 32, 32)


def body(channels: int = 3, classes: int = 3) -> list[nn.Module]:
    return [nn.Conv2d(channels, 8, 3, 2, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Linear(128, classes)]


def net(*layers: nn.Module) -> nn.Module:
    return seeded(nn.Sequential(*(layers or body())))


def broken() -> nn.Module:
    network = net()
    with torch.no_grad():
        network[0].weight[0, 0, 0, 0] = float("nan")
    return network


class Odd(nn.Module):
    """Calls that no table of rules knows, written as functions."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = nn.Conv2d(3, 8, 3, 2, 1), nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        maps = torch.special.i0(self.one(x)) + torch.relu(torch.special.erf(self.one(x)))
        return self.two(torch.linalg.vector_norm(maps, dim=(2, 3)) + torch.special.i0(maps).mean((2, 3)))


class Many(nn.Module):
    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return x.mean((2, 3)), x


NETWORKS: dict[str, tuple[Callable[[], nn.Module], dict[str, Any]]] = {
    "float16": (lambda: net().half(), {}),
    "bfloat16": (lambda: net().bfloat16(), {}),
    "grey": (lambda: net(*body(1)), {"input_size": (1, 32, 32)}),
    "five channels": (lambda: net(*body(5)), {"input_size": (5, 32, 32)}),
    "other channels than said": (lambda: net(*body(5)), {}),
    "scripted": (lambda: torch.jit.script(net()), {}),
    "traced": (lambda: torch.jit.trace(net(), torch.zeros(1, *SIZE)), {}),
    "NaN weights": (broken, {}),
    "too few labels": (net, {"labels": ["one", "two"]}),
    "too many labels": (net, {"labels": list("abcdefg")}),
    "one logit": (lambda: net(*body(classes=1)), {}),
    "softmax inside": (lambda: nn.Sequential(*net(), nn.Softmax(1)), {}),
    "sigmoid inside": (lambda: nn.Sequential(*net(), nn.Sigmoid()), {}),
    "no classes": (net, {"labels": None}),
    "no maps": (lambda: net(nn.Flatten(), nn.Linear(3072, 3)), {}),
    "odd functions": (lambda: seeded(Odd()), {}),
    "several answers": (Many, {}),
    "a transformer": (lambda: small_vit().network, {}),
    "reused ReLU": (
        lambda: (lambda relu: net(*body()[:1], relu, nn.Conv2d(8, 8, 3), relu, *body()[2:]))(nn.ReLU()),
        {},
    ),
}
PICTURE_LENSES = [name for name in LENSES if example(LENSES[name])[1].keys() == {"image"}]
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")


def one_sentence(refusal: SeewhyError) -> None:
    words = str(refusal)
    assert words.endswith(".")
    assert "\n" not in words


@pytest.fixture(scope="module", params=NETWORKS, ids=lambda name: name.replace(" ", "-"))
def hostile(request: pytest.FixtureRequest) -> ModelHandle | None:
    """The network come in; None where it was refused in a sentence."""
    build, said = NETWORKS[request.param]
    try:
        return models.wrap(build(), **{"input_size": SIZE, "device": "cpu", **said})
    except SeewhyError as refusal:
        return one_sentence(refusal)


def explained(lens: str, handle: ModelHandle, **chosen: Any) -> Any:
    """The result with finite arrays; None where it was refused in a sentence. All else is raised, and fails."""
    try:
        result = explainers.explain(lens, handle, **chosen)
    except SeewhyError as refusal:
        return one_sentence(refusal)
    assert all(np.isfinite(array).all() for array in arrays_in(result) if array.dtype.kind == "f")
    return result


@pytest.mark.parametrize("lens", PICTURE_LENSES)
def test_a_picture_is_explained_or_refused(hostile: ModelHandle | None, lens: str) -> None:
    if hostile is not None:
        explained(lens, hostile, image=photo())


def test_every_method_gives_a_finite_map_or_refuses(hostile: ModelHandle | None) -> None:
    """Each by itself, where nothing catches what it raises."""
    if hostile is None or not hostile.card.has_classes:
        return
    x = hostile.preprocess(photo())[None]
    given = 0
    for method in METHODS.values():
        try:
            samples = min(method.samples, 4)
            cam = method.solve(Problem(hostile, x, of_classes(torch.tensor([0])), samples=samples, groups=4)).cam
        except SeewhyError as refusal:
            one_sentence(refusal)
            continue
        assert bool(torch.isfinite(cam).all()), method.name
        given += 1
    assert given >= 3


@pytest.mark.parametrize("lens", LENSES)
def test_numbers_of_numpy_and_torch_are_taken_for_numbers(lens: str) -> None:
    _, chosen = example(LENSES[lens])
    plain = params_of(LENSES[lens], chosen)
    for name in (knob.name for knob in explainers.knobs(type(plain)) if type(getattr(plain, knob.name)) is int):
        value = getattr(plain, name)
        for other in (np.int64(value), torch.tensor(value)):
            assert params_of(LENSES[lens], {**chosen, name: other}) == plain, name


@pytest.mark.parametrize("lens", LENSES)
def test_values_of_another_kind_are_refused(lens: str) -> None:
    _, chosen = example(LENSES[lens])
    strange = (torch.zeros(3), np.zeros((2, 2)), float("nan"), {"a": 1}, object(), b"bytes", -(10**30))
    for knob in explainers.knobs(LENSES[lens].params):
        for value in strange:
            try:
                params_of(LENSES[lens], {**chosen, knob.name: value})
            except SeewhyError as refusal:
                one_sentence(refusal)


def test_a_method_that_breaks_inside_a_comparison_is_logged_with_its_trace(caplog) -> None:
    from explainers.attribution.compare import side_by_side

    def breaks() -> Tensor:
        raise RuntimeError("inside of somebody's own network")

    handle = models.wrap(seeded(SmallCnn()), input_size=SIZE, device="cpu")
    x = handle.preprocess(photo())[None]
    jobs = {"bad": ("Bad", breaks), "good": ("Good", lambda: x[:, 0])}
    maps, refused = side_by_side(jobs, x)
    assert list(maps) == ["good"]
    assert refused == [("bad", "Bad failed on this network (RuntimeError: inside of somebody's own network).")]
    assert caplog.records[0].exc_info


def test_no_method_of_ours_breaks_inside_a_comparison(hostile: ModelHandle | None, caplog) -> None:
    if hostile is not None and hostile.card.has_classes:
        quick = [name for name in METHODS if METHODS[name].cost_forwards < 70 and METHODS[name].fits(hostile.card)]
        explained("compare", hostile, image=photo(), methods=quick)
        assert not caplog.records
