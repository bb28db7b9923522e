"""What an error of `explainers` advises is done here, and helps; where it names something, that very thing is taken."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import explainers
import models
from explainers.kit import dictionaries
from explainers.kit.hooks import activations_and_gradients
from explainers.kit.importance import METHODS, importance
from explainers.kit.importance.tail import ConceptHead, linear
from explainers.kit.layout import LAYOUTS, layout
from models import SeewhyError
from models.errors import NotReadyError
from tests.explainers.nets import photo, seeded, small_cnn, small_vit

SIZE = (3, 32, 32)


def said(call: Callable[[], object]) -> str:
    with pytest.raises(SeewhyError) as caught:
        call()
    return str(caught.value)


def wrapped(network: nn.Module) -> models.ModelHandle:
    return models.wrap(seeded(network), input_size=SIZE, device="cpu")


def gradcam(handle: models.ModelHandle, **chosen: object) -> np.ndarray:
    return explainers.explain("gradcam", handle, image=photo(), **chosen).cam


# --- layers and classes -------------------------------------------------------------------------------------------


def test_the_layer_that_is_advised_is_another_one_with_a_map() -> None:
    vit = small_vit()
    advised = re.search(r"choose '(.+)'", said(lambda: gradcam(vit, layer="blocks.1")))[1]
    assert advised != "blocks.1"
    assert gradcam(vit, layer=advised).any()


def test_where_the_default_layer_is_refused_another_class_helps() -> None:
    handle = small_cnn()
    with torch.no_grad():
        handle.network.head.weight[3] = 0
    assert "choose another class" in said(lambda: gradcam(handle, target=3))
    assert gradcam(handle, target=2).any()


class Side(nn.Module):
    """A head beside the way of the answer, and a module that nothing runs."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.side, self.spare = nn.Conv2d(3, 8, 3, 2, 1), nn.Conv2d(8, 8, 1), nn.Conv2d(8, 8, 1)
        self.head = nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        maps = self.one(x).relu()
        self.side(maps)
        return self.head(maps.mean((2, 3)))


def test_an_earlier_layer_has_a_gradient_where_a_side_head_has_none() -> None:
    handle = wrapped(Side())
    x = handle.preprocess(photo())[None]

    def at(name: str) -> Tensor:
        layer = models.Layer(name=name, shape=(8, 16, 16), layout="nchw")
        return activations_and_gradients(handle.network, layer, x, lambda logits: logits[:, 0])[1]

    assert "choose an earlier layer" in said(lambda: at("side"))
    assert "choose another layer" in said(lambda: at("spare"))
    assert at("one").any()


# --- methods that take a network apart ----------------------------------------------------------------------------


class Strange(nn.Module):
    """A function without a rule, behind which linear parts do not add up."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.head = nn.Conv2d(3, 8, 3, 2, 1), nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        maps = torch.special.i0(self.one(x))
        return self.head(torch.linalg.vector_norm(maps, dim=(2, 3)) * torch.special.i1(maps).mean((2, 3)))


class Choosing(nn.Module):
    """Takes another way for a dark picture."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two, self.head = nn.Conv2d(3, 8, 3, 2, 1), nn.Conv2d(8, 8, 3, 2, 1), nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        maps = self.one(x).relu()
        return self.head((self.two(maps).relu() if float(x.detach().std()) > 0.01 else maps).mean((2, 3)))


@pytest.mark.parametrize(("network", "method"), [(Strange, "lrp"), (Strange, "deep_lift"), (Choosing, "deep_lift")])
def test_the_method_that_is_advised_takes_the_network(network: type[nn.Module], method: str) -> None:
    handle = wrapped(network())
    words = said(lambda: explainers.explain("saliency", handle, image=photo(), method=method))
    advised = re.search(r"choose (\w+)\.$", words)[1]
    values = explainers.explain("saliency", handle, image=photo(), method=advised, samples=4).attribution
    assert np.isfinite(values).all()
    assert values.any()


# --- concepts -----------------------------------------------------------------------------------------------------

ROWS = np.random.default_rng(0).random((20, 6), np.float32)


@pytest.mark.parametrize(
    ("wrong", "advice", "right"),
    [
        (("nmf", ROWS, 30), "ask for fewer or add images", ("nmf", np.tile(ROWS, (2, 1)) + 0.1, 6)),
        (("pca", ROWS, 7), "ask for fewer", ("pca", ROWS, 6)),
        (("nmf", ROWS - 0.5, 3), "use semi-NMF", ("semi_nmf", ROWS - 0.5, 3)),
        (("nmf", ROWS * np.nan, 3), "choose another layer or mend", ("nmf", ROWS, 3)),
        (("nmf", ROWS * 0, 3), "choose another layer or other images", ("nmf", ROWS, 3)),
        (("nmf", ROWS * 0 + 1, 3), "ask for k = 1", ("nmf", ROWS * 0 + 1, 1)),
        (("pca", ROWS * 0 + 1, 1), "use NMF", ("nmf", ROWS * 0 + 1, 1)),
    ],
)
def test_concepts_asked_for_as_advised_are_found(wrong: tuple, advice: str, right: tuple) -> None:
    assert advice in said(lambda: dictionaries.fit(*wrong))
    assert dictionaries.fit(*right).atoms.shape == (right[2], 6)


def test_methods_that_are_listed_are_known() -> None:
    listed = re.search(r"choose one of (.+)\.$", said(lambda: dictionaries.fit("nothing", ROWS, 2)))[1].split(", ")
    assert set(listed) == set(dictionaries.METHODS)
    head = linear(np.eye(3, 6, dtype=np.float32), np.ones(6, np.float32))
    codes = np.random.default_rng(1).random((4, 2, 2, 3), np.float32)
    known = re.search(r"choose auto or one of (.+)\.$", said(lambda: importance("nothing", head, codes)))[1]
    assert {"auto", *known.split(", ")} == {"auto", *METHODS}
    assert importance("auto", head, codes).shape == (4, 3)


def test_an_importance_that_samples_takes_a_tail_that_is_not_linear() -> None:
    head = ConceptHead(lambda codes: codes.reshape(len(codes), -1).max(1), lambda codes: codes * 0)
    codes = np.random.default_rng(1).random((3, 2, 2, 3), np.float32)
    advised = re.search(r"such as (\w+)\.$", said(lambda: importance("closed", head, codes)))[1]
    assert np.isfinite(importance(advised, head, codes)).all()


def test_layouts_that_are_listed_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    listed = re.search(r"choose one of (.+)\.$", said(lambda: layout("nothing", ROWS)))[1].split(", ")
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    assert set(listed) == set(LAYOUTS)
    with pytest.raises(NotReadyError, match="choose t-SNE or PCA"):
        layout("umap", ROWS)
    assert all(layout(name, ROWS).shape == (20, 2) for name in listed if name != "umap")


# --- groups and boxes ---------------------------------------------------------------------------------------------


def test_a_folder_of_the_classs_name_is_a_group(tmp_path: Path) -> None:
    handle = models.wrap(small_cnn().network, input_size=SIZE, labels=["ant", "bee", "cat", "dog", "eel"], device="cpu")
    for name, seed in (("bee", 0), ("cat", 1)):
        (tmp_path / name).mkdir()
        for number in range(4):
            photo(10 * seed + number).pil().save(tmp_path / name / f"{number}.png")
    asked = {"images": str(tmp_path), "split": "class", "limit": 4}
    words = said(lambda: explainers.explain("groups", handle, cls=0, rival=1, **asked))
    folder = re.search(r"labelled (\w+) \(0\); put its images into a folder of that name", words)[1]
    (tmp_path / "cat").rename(tmp_path / folder)
    assert explainers.explain("groups", handle, cls=0, rival=1, **asked)


def test_a_network_of_two_sides_can_mistake_one_for_the_other() -> None:
    """One logit is answered as two sides, so that the refusal of a single class is for features of one number alone."""
    handle = wrapped(nn.Sequential(nn.Conv2d(3, 1, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten()))
    assert explainers.explain("mistake", handle, image=photo())
