"""The same class in two models that see the same colours, each in a space of its own."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import explainers
import models
from explainers import LocalRun
from explainers.concepts.match import best_pairs
from explainers.kit.metrics import correlations, pearson
from models import ModelHandle
from models.errors import InputError
from tests.explainers.concepts.worlds import block_picture, colours

LABELS = ("hot, warm", "cold")


def turned(order: tuple[int, ...] = (2, 0, 1), labels: tuple[str, ...] = ("warm, hot", "cold")) -> ModelHandle:
    """The same colours in other channels, so that no direction of one model means anything to the other."""
    network = colours().network
    network.blocks = torch.nn.Sequential(network.blocks[0], Turn(order))
    with torch.no_grad():
        network.head.weight.copy_(network.head.weight[:, list(order)])
    return models.wrap(
        network.eval(),
        input_size=(3, 32, 32),
        mean=(0.0, 0.0, 0.0),
        std=(1.0, 1.0, 1.0),
        labels=labels,
        device="cpu",
        name="turned",
    )


class Turn(torch.nn.Module):
    def __init__(self, order: tuple[int, ...]) -> None:
        super().__init__()
        self.order = list(order)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x[:, self.order].relu()


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root, rng = tmp_path_factory.mktemp("blocks"), np.random.default_rng(1)
    (root / "any").mkdir()
    for i in range(40):
        Image.fromarray(block_picture(rng, i % 3)).save(root / "any" / f"{i:02}.png")
    return root


def match(images: Path, other: ModelHandle, **chosen: Any) -> Any:
    model = colours()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(models, "card", lambda name: {"turned": other.card}[name])
        run = LocalRun(model, others={"turned": other})
        return explainers.explain("concept_match", model, run=run, images=str(images), k=3, other="turned", **chosen)


def colour_of(atoms: np.ndarray, order: tuple[int, ...] = (0, 1, 2)) -> list[int]:
    """Which true colour each atom is."""
    planted = np.array([(220, 30, 30), (30, 220, 30), (30, 30, 220)], np.float32)[:, list(order)]
    return [int(np.argmax(planted @ atom)) for atom in atoms]


@pytest.mark.parametrize("by", ["correlation", "relative"])
def test_the_same_colours_find_each_other(images: Path, by: str) -> None:
    found = match(images, turned(), by=by)
    own = explainers.explain("concepts", colours(), images=str(images), k=3)
    other = explainers.explain("concepts", turned(), images=str(images), k=3)
    first, second = colour_of(own.dictionary), colour_of(other.dictionary, (2, 0, 1))
    assert all(first[i] == second[j] for i, j in found.pairs)
    assert (found.matched > 0.95).all()
    assert len(found.shared) == len(own.files)
    assert "is most like concept" in found.sentence


def test_a_class_is_found_by_its_name(images: Path) -> None:
    other = turned(labels=("cold", "warm, hot"))
    with torch.no_grad():
        other.network.head.weight.copy_(other.network.head.weight.flip(0))
        other.network.head.bias.copy_(other.network.head.bias.flip(0))
    found = match(images, other, cls=0)
    assert (found.cls, found.other_cls) == (0, 1)
    assert (found.matched > 0.95).all()
    with pytest.raises(InputError, match="turned has no class called warm"):
        match(images, turned(labels=LABELS))
    assert match(images, turned()).other_label, "another model"


def test_what_cannot_be_is_said(images: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="Name the model to compare with"):
        explainers.explain("concept_match", colours(), images=str(images), k=3)
    with pytest.raises(InputError, match="There is no model 'nothing'"):
        explainers.explain("concept_match", colours(), images=str(images), k=3, other="nothing")
    for i in range(4):
        Image.fromarray(block_picture(np.random.default_rng(i), 0)).save(tmp_path / f"{i}.png")
    with pytest.raises(InputError, match="hold 4 and 4 images and share 4; 5 are needed"):
        match(tmp_path, turned())
    for i in range(4, 7):
        Image.fromarray(block_picture(np.random.default_rng(i), 0)).save(tmp_path / f"{i}.png")
    assert len(match(tmp_path, turned()).shared) == 7, "images added"
    with pytest.raises(InputError, match="raise limit"):
        match(tmp_path, turned(), limit=4)


def test_images_of_one_name_in_two_folders_are_told_apart(images: Path, tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        for i in range(7 if folder == "a" else 2):
            Image.fromarray(block_picture(np.random.default_rng(i), 0)).save(tmp_path / folder / f"{i}.png")
    assert sorted(match(tmp_path, turned()).shared) == [
        *(f"a/{i}.png" for i in range(7)),
        *(f"b/{i}.png" for i in range(2)),
    ]


def test_correlations_are_those_of_a_loop_and_zero_where_nothing_varies() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.random((9, 3)), rng.random((9, 4))
    a[:, 1] = 0.3
    slow = np.array([[pearson(x, y) for y in b.T] for x in a.T])
    np.testing.assert_allclose(correlations(a, b), slow, atol=1e-12)
    assert not correlations(a, b)[1].any()


def test_pairs_are_the_best_of_all_matchings() -> None:
    from itertools import permutations

    table = np.random.default_rng(3).normal(size=(4, 4))
    pairs, values = best_pairs(table)
    assert values.sum() == pytest.approx(max(table[range(4), list(order)].sum() for order in permutations(range(4))))
    assert (np.diff(values) <= 0).all()
    np.testing.assert_array_equal(table[pairs[:, 0], pairs[:, 1]], values)


def test_evidence_sees_shuffled_images(images: Path) -> None:
    found, lens = match(images, turned()), explainers.find("concept_match")
    true = lens.evidence(colours(), None, found, LocalRun(colours())).scores[0]
    assert true.value > true.interval[1]
    shuffled = np.random.default_rng(5).permutation(len(found.profile))
    table = correlations(found.profile[shuffled], found.other_profile)
    pairs, values = best_pairs(table)
    drawn = replace(found, profile=found.profile[shuffled], correlation=table, pairs=pairs, matched=values)
    false = lens.evidence(colours(), None, drawn, LocalRun(colours())).scores[0]
    assert false.value < true.value
    assert false.value < false.interval[1] + 0.1
