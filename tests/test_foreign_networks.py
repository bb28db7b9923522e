"""Networks as people bring them: explained rightly, or refused in one sentence whose remedy works."""

import json

import numpy as np
import pytest
import timm
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import explainers
import models
from models import InputError, SeewhyError, UnfitError
from tests.explainers.nets import photo, seeded

SIZE = (3, 32, 32)


def body(channels: int = 3, classes: int = 3) -> nn.Sequential:
    layers = (nn.Conv2d(channels, 8, 3, 2, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, classes))
    return nn.Sequential(*layers)


def net(channels: int = 3, classes: int = 3) -> nn.Module:
    return seeded(body(channels, classes))


def gradcam(handle: models.ModelHandle, **chosen: object):
    return explainers.explain("gradcam", handle, image=photo(), **chosen)


def test_one_logit_has_two_sides_and_its_sigmoid() -> None:
    network = net(classes=1)
    handle = models.wrap(network, input_size=SIZE, labels=["defect"], device="cpu")
    with torch.no_grad():
        logit = network(handle.preprocess(photo())[None])[0, 0]
    there, absent = gradcam(handle), gradcam(handle, target=1)
    assert handle.card.labels == ("defect", "not defect")
    assert (there.label, absent.label) == handle.card.labels
    assert there.probability == pytest.approx(torch.sigmoid(logit).item(), abs=1e-6)
    assert there.probability + absent.probability == pytest.approx(1, abs=1e-6)
    assert there.logits[0] == pytest.approx(logit.item(), abs=1e-5)
    np.testing.assert_allclose(absent.cam, -there.cam, atol=1e-6)


@pytest.mark.parametrize("end", [nn.Softmax(1), nn.LogSoftmax(1)])
def test_a_softmax_inside_gives_the_same_probability_and_the_card_says_so(end: nn.Module) -> None:
    plain = models.wrap(net(), input_size=SIZE, device="cpu")
    inside = models.wrap(nn.Sequential(*net(), end), input_size=SIZE, device="cpu")
    assert inside.findings.answers == ("probabilities" if isinstance(end, nn.Softmax) else "log-probabilities")
    assert gradcam(inside).probability == pytest.approx(gradcam(plain).probability, abs=1e-5)
    if isinstance(end, nn.Softmax):
        assert "their logarithm is explained" in inside.findings.sentence


def test_a_sigmoid_inside_is_told_from_small_logits() -> None:
    inside = models.wrap(nn.Sequential(*net(), nn.Sigmoid()), input_size=SIZE, device="cpu")
    small = net()
    with torch.no_grad():
        small[-1].weight.mul_(1e-3), small[-1].bias.fill_(0.5)
    assert inside.findings.answers == "yes-no probabilities"
    assert models.wrap(small, input_size=SIZE, device="cpu").findings.answers == "logits"
    result = gradcam(inside, target=2)
    with torch.no_grad():
        answer = inside._given(inside.preprocess(photo())[None])[0, 2].item()
    assert result.probability == pytest.approx(answer, abs=1e-5)


def test_a_network_without_a_classifier_offers_all_but_classes() -> None:
    handle = models.wrap(net(classes=6), input_size=SIZE, labels=None, device="cpu")
    with pytest.raises(UnfitError, match="no classifier"):
        gradcam(handle)
    for remedy in ({"question": "neuron", "neuron": 2}, {"question": "likeness", "like": photo(3)}):
        assert np.isfinite(gradcam(handle, **remedy).cam).all()
    assert "answers" not in gradcam(handle, method="eigencam").sentence
    assert not models.card("timm/vit_small_patch14_reg4_dinov2.lvd142m").has_classes


class Dropping(nn.Module):
    def __init__(self, training: bool) -> None:
        super().__init__()
        self.net, self.always = net(), training

    def forward(self, x: Tensor) -> Tensor:
        return F.dropout(self.net(x), 0.5, training=self.always)


class Broken(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.mean((2, 3)) / 0 * 0


def without_statistics() -> nn.Module:
    layers = list(net())
    return nn.Sequential(layers[0], nn.BatchNorm2d(8, track_running_stats=False), *layers[1:])


@pytest.mark.parametrize(
    ("network", "words"),
    [
        (Dropping(True), "differently each time"),
        (Broken(), "not finite"),
        (without_statistics(), "beside other pictures"),
        (net().state_dict(), r"load_state_dict"),
        (net(channels=5), "cannot read"),
    ],
)
def test_what_cannot_be_explained_is_refused_in_a_sentence(network: nn.Module, words: str) -> None:
    with pytest.raises(InputError, match=words):
        models.wrap(network, input_size=SIZE, device="cpu")


def test_the_remedies_work() -> None:
    with_statistics = seeded(nn.Sequential(body()[0], nn.BatchNorm2d(8, track_running_stats=True), *body()[1:]))
    for network in (Dropping(False), with_statistics, nn.Sequential(nn.Conv2d(3, 5, 1), net(channels=5)).eval()):
        assert gradcam(models.wrap(network, input_size=SIZE, device="cpu")).cam.ndim == 2
    with pytest.raises(InputError, match=r"nn.Conv2d\(3, 5, 1\)"):
        models.wrap(net(channels=5), input_size=(5, 32, 32), device="cpu")
    with pytest.raises(InputError, match="above 0"):
        models.wrap(net(), input_size=SIZE, std=(0.0, 0.0, 0.0), device="cpu")
    with pytest.raises(InputError, match=r"models.wrap\(network"):
        explainers.explain("gradcam", net(), image=photo())
    with pytest.raises(InputError, match="array of uint8"):
        explainers.explain("gradcam", models.wrap(net(), input_size=SIZE, device="cpu"), image=torch.zeros(3, 4, 4))


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16, torch.float64])
def test_weights_of_another_type_answer_as_in_float32(kind: torch.dtype) -> None:
    network = net().to(kind)
    handle = models.wrap(network, input_size=SIZE, device="cpu")
    assert next(network.parameters()).dtype == kind, "the network itself is left"
    right = gradcam(models.wrap(net(), input_size=SIZE, device="cpu"))
    np.testing.assert_allclose(gradcam(handle).logits, right.logits, atol=2e-2)


def test_a_grey_network_sees_luma() -> None:
    handle = models.wrap(net(channels=1), input_size=(1, 32, 32), device="cpu")
    picture = np.full((32, 32, 3), (255, 0, 0), np.uint8)
    assert handle.preprocess(picture).unique().item() == pytest.approx((0.299 - 0.5) / 0.5, abs=1 / 255)
    assert handle.restore(handle.preprocess(picture))[0, 0].tolist() == [76, 76, 76]
    assert gradcam(handle).cam.shape == (16, 16)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_torchscript_says_that_its_layers_are_hidden_and_the_remedies_work() -> None:
    for program in (torch.jit.script(net()), torch.jit.trace(net(), torch.zeros(1, *SIZE))):
        handle = models.wrap(program, input_size=SIZE, device="cpu")
        with pytest.raises(SeewhyError, match="TorchScript"):
            gradcam(handle)
        pixels = explainers.explain("saliency", handle, image=photo(), method="saliency")
        right = explainers.explain(
            "saliency", models.wrap(net(), input_size=SIZE, device="cpu"), image=photo(), method="saliency"
        )
        np.testing.assert_allclose(pixels.attribution, right.attribution, atol=1e-5)


def test_whole_numbers_of_numpy_and_torch_are_classes() -> None:
    handle = models.wrap(net(), input_size=SIZE, device="cpu")
    assert {gradcam(handle, target=t).target for t in (2, np.int64(2), torch.tensor(2))} == {2}


@pytest.mark.parametrize(
    ("about", "words"),
    [
        ({"num_classes": 10, "label_names": ["cat", "dog"]}, "num_classes 10 and there are 2 names"),
        ({"num_classes": "ten"}, "whole number"),
        ({"num_classes": 10, "label_names": "cat"}, "list of names"),
    ],
)
def test_labels_that_do_not_fit_are_refused(tmp_path, about: dict, words: str) -> None:
    torch.save(timm.create_model("resnet18", num_classes=10).state_dict(), tmp_path / "net.pth")
    (tmp_path / "net.json").write_text(json.dumps({"architecture": "resnet18", **about}))
    with pytest.raises(InputError, match=words):
        models.load(str(tmp_path / "net.pth"), "cpu")
    remedy = {"architecture": "resnet18", "num_classes": 10, "label_names": [f"c{i}" for i in range(10)]}
    (tmp_path / "net.json").write_text(json.dumps(remedy))
    assert models.load(str(tmp_path / "net.pth"), "cpu").network(torch.zeros(1, 3, 64, 64)).shape == (1, 10)


def test_the_command_line_prints_what_an_examination_found() -> None:
    from typer.testing import CliRunner

    from dashboard.cli.commands import app

    printed = CliRunner().invoke(app, ["models", "menagerie_cnn"])
    assert printed.exit_code == 0, printed.output
    assert "Answers with" in printed.output
    assert "default" in printed.output
