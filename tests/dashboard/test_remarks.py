"""What is out of the ordinary about a model stands under its list, and only there."""

import json

import pytest
import timm
import torch

from tests.dashboard.conftest import Tab, attribution

pytestmark = pytest.mark.usefixtures("live")
WORDS = "One logit: evidence for it and against it is shown as two classes."
CLASSLESS = "No class names: neurons, likeness and attention only."


def saved(folder, classes: int, **about: object) -> str:
    network = timm.create_model("test_resnet", num_classes=classes)
    torch.save(network.state_dict(), folder / "net.pth")
    said = {"architecture": "test_resnet", "num_classes": classes, **about}
    (folder / "net.json").write_text(json.dumps(said))
    return str(folder / "net.pth")


def test_one_logit_is_said_once_the_model_has_answered(tmp_path) -> None:
    tab = Tab(attribution, image="chelsea", model=saved(tmp_path, 1, label_names=["defect"]))
    tab.until(lambda each: each.figures())
    assert tab.until(lambda each: WORDS in each.captions())


def test_a_network_without_classes_says_so_before_it_is_asked(tmp_path) -> None:
    assert CLASSLESS in Tab(attribution, model=saved(tmp_path, 0)).captions()


def test_an_ordinary_model_is_passed_over_in_silence() -> None:
    tab = Tab(attribution, image="chelsea", model="menagerie_cnn")
    tab.until(lambda each: each.figures())
    tab.run()
    assert not any("logit" in text or "No class names" in text for text in tab.captions())
