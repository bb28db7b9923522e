"""Networks that answer in a way of their own: what is advised is done here, word for word, and is right."""

import re
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import explainers
import models
from models import InputError, SeewhyError
from tests.explainers.nets import photo, seeded

SIZE = (3, 32, 32)
Answer = Callable[[nn.Module, Tensor], Any]


def body(classes: int = 3) -> nn.Module:
    layers = (nn.Conv2d(3, 8, 3, 2, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, classes))
    return seeded(nn.Sequential(*layers))


class Answers(nn.Module):
    """The same small network with another end."""

    def __init__(self, end: Answer, classes: int = 3) -> None:
        super().__init__()
        self.net, self.end = body(classes), end

    def forward(self, x: Tensor) -> Any:
        return self.end(self.net, x)


def wrapped(network: nn.Module, **said: Any) -> models.ModelHandle:
    return models.wrap(network, **{"input_size": SIZE, "device": "cpu", **said})


def gradcam(handle: models.ModelHandle, **chosen: Any) -> Any:
    return explainers.explain("gradcam", handle, image=photo(), **chosen)


def said(call: Callable[[], object]) -> str:
    with pytest.raises(SeewhyError) as caught:
        call()
    return str(caught.value)


@pytest.mark.parametrize(
    ("end", "classes"),
    [
        (lambda net, x: {"loss": None, "logits": net(x)}, 3),
        (lambda net, x: SimpleNamespace(logits=net(x), hidden_states=None), 3),
        (lambda net, x: (net(x), x.mean()), 3),
        (lambda net, x: [net(x)], 3),
        (lambda net, x: net(x)[:, :, None, None], 3),
        (lambda net, x: net(x).squeeze(1), 1),
        (lambda net, x: net(x)[:, :, None, None] * torch.ones(4, 4), 3),
        (lambda net, x: net(x)[:, None].expand(-1, 5, -1), 3),
    ],
    ids=["dict", "attribute", "tuple", "list", "places of one", "squeezed", "map", "rows"],
)
def test_the_module_around_it_that_is_advised_gives_the_right_answer(end: Answer, classes: int) -> None:
    network = Answers(end, classes)
    advised = re.search(r"returns network\(x\)(.*?)(?:, or .+)?\.$", said(lambda: wrapped(network)))[1]

    class Around(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(self, x: Tensor) -> Tensor:
            return eval(f"self.network(x){advised}")

    right = gradcam(wrapped(body(classes)))
    np.testing.assert_allclose(gradcam(wrapped(Around())).logits, right.logits, atol=1e-5)


class Nhwc(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.net = body()

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x.permute(0, 3, 1, 2))


class Scaling(nn.Module):
    def __init__(self, copy: bool) -> None:
        super().__init__()
        self.net, self.copy = body(), copy

    def forward(self, x: Tensor) -> Tensor:
        return self.net((x.clone() if self.copy else x).mul_(0.5))


class TwoInputs(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.net = body()

    def forward(self, x: Tensor, age: Tensor) -> Tensor:
        return self.net(x) + age


class Given(nn.Module):
    """A module around another that changes what it is given."""

    def __init__(self, network: nn.Module, give: Callable[[nn.Module, Tensor], Tensor]) -> None:
        super().__init__()
        self.network, self.give = network, give

    def forward(self, x: Tensor) -> Tensor:
        return self.give(self.network, x)


@pytest.mark.parametrize(
    ("network", "advice", "instead"),
    [
        (Nhwc(), "gives x.permute(0, 2, 3, 1)", Given(Nhwc(), lambda net, x: net(x.permute(0, 2, 3, 1)))),
        (Scaling(False), "x = x.clone()", Scaling(True)),
        (TwoInputs(), "gives the other inputs", Given(TwoInputs(), lambda net, x: net(x, torch.zeros(1)))),
        (Answers(lambda net, x: net(x).softmax(1) * 100), "as they are", Answers(lambda net, x: net(x).softmax(1))),
        (Answers(lambda net, x: 100 * net(x).sigmoid()), "as they are", Answers(lambda net, x: net(x).sigmoid())),
        (Answers(lambda net, x: net(x).softmax(1), 1), "end in the logit", Answers(lambda net, x: net(x), 1)),
        (Answers(lambda net, x: net(x).argmax(1, keepdim=True)), "real numbers", Answers(lambda net, x: net(x))),
    ],
    ids=["channels last", "in place", "two inputs", "per cent", "sigmoid per cent", "softmax of one", "chosen"],
)
def test_a_network_made_as_advised_is_explained(network: nn.Module, advice: str, instead: nn.Module) -> None:
    assert advice in said(lambda: wrapped(network))
    assert gradcam(wrapped(instead)).cam.any()


def test_a_network_without_weights_is_filled_as_advised() -> None:
    network = body().to("meta")
    assert "network.to_empty(device='cpu') and then network.load_state_dict" in said(lambda: wrapped(network))
    network.to_empty(device="cpu").load_state_dict(body().state_dict())
    np.testing.assert_allclose(gradcam(wrapped(network)).logits, gradcam(wrapped(body())).logits, atol=1e-6)


def quantised() -> nn.Module:
    return torch.ao.quantization.quantize_dynamic(body(), {nn.Linear}, dtype=torch.qint8)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("build", [lambda: Answers(lambda net, x: torch.no_grad()(net)(x)), quantised])
def test_without_a_gradient_the_methods_that_are_advised_work(build: Callable[[], nn.Module]) -> None:
    handle = wrapped(build())
    advised = re.search(r"choose (\w+) or (\w+)\.$", said(lambda: gradcam(handle)))
    assert all(gradcam(handle, method=name).cam.any() for name in advised.groups())
    for method in ("saliency", "integrated_gradients", "deep_lift", "fullgrad", "gradient_shap"):
        words = said(lambda method=method: explainers.explain("saliency", handle, image=photo(), method=method))
        advised = re.search(r"choose (\w+) or (\w+)\.$", words)
        assert advised
    for name in advised.groups():
        assert explainers.explain("saliency", handle, image=photo(), method=name, samples=8).attribution.any()


def test_a_probability_that_is_kept_from_0_and_1_is_one_still() -> None:
    handle = wrapped(Answers(lambda net, x: net(x).sigmoid().clamp(0.01, 0.99)))
    assert handle.findings.answers == "yes-no probabilities"
    with torch.no_grad():
        right = body()(handle.preprocess(photo())[None]).sigmoid()[0]
    result = gradcam(handle, target=2)
    assert result.probability == pytest.approx(right[2].item(), abs=1e-5)


@pytest.mark.parametrize(
    "labels",
    [{"0": "ant", "1": "bee", "2": "cat"}, {2: "cat", 0: "ant", 1: "bee"}, np.array(["ant", "bee", "cat"])],
    ids=["words", "numbers", "numpy"],
)
def test_a_table_of_labels_goes_by_its_numbers(labels: Any) -> None:
    assert wrapped(body(), labels=labels).card.labels == ("ant", "bee", "cat")


@pytest.mark.parametrize("labels", ["ant", {"ant", "bee", "cat"}, {1: "ant", 2: "bee", 3: "cat"}])
def test_labels_without_an_order_are_refused(labels: Any) -> None:
    with pytest.raises(InputError, match="in the order of the classes"):
        wrapped(body(), labels=labels)


@pytest.mark.parametrize(
    ("wrong", "advice", "right"),
    [
        ({"input_size": (32, 32, 3)}, "give (3, 32, 32)", {"input_size": (3, 32, 32)}),
        ({"mean": ()}, "give 3", {"mean": 0.5}),
        ({"mean": (123.7, 116.3, 103.5)}, "divide mean and std by 255", {"mean": (0.485, 0.456, 0.406)}),
        ({"mean": (0.5, 0.4)}, "give 3", {"mean": np.array([0.5, 0.4, 0.3])}),
    ],
)
def test_numbers_given_as_advised_are_taken(wrong: dict, advice: str, right: dict) -> None:
    assert advice in said(lambda: wrapped(body(), **wrong))
    assert gradcam(wrapped(body(), **right)).cam.any()


def test_a_network_whose_layers_all_run_twice_has_methods_of_pixels() -> None:
    handle = wrapped(Answers(lambda net, x: net(x) + net(x.flip(3))))
    advised = re.search(r"method of pixels such as (\w+)\.", said(lambda: gradcam(handle)))[1]
    assert explainers.explain("saliency", handle, image=photo(), method=advised).attribution.any()
