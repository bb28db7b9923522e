"""Concepts of other classes, on worlds whose directions are known."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import explainers
from explainers import LocalRun
from explainers.concepts.similar import by_chance, closest, nearest
from explainers.kit.metrics import cosine
from models.errors import InputError
from tests.explainers.concepts.worlds import block_picture, colours

CHOSEN = {"cls": 0, "k": 3}


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Red and green pictures are hot for the network, blue ones cold; all hold blocks of all three."""
    root, rng = tmp_path_factory.mktemp("blocks"), np.random.default_rng(1)
    (root / "any").mkdir()
    for i in range(36):
        Image.fromarray(block_picture(rng, i % 3)).save(root / "any" / f"{i:02}.png")
    return root


@pytest.fixture(scope="module")
def bank(images: Path) -> Any:
    return explainers.explain("concepts", colours(), images=str(images), **CHOSEN)


@pytest.fixture(scope="module")
def similar(images: Path) -> Any:
    return explainers.explain("concept_similar", colours(), images=str(images), **CHOSEN)


def test_colours_that_both_classes_hold_are_found_in_both(similar: Any) -> None:
    assert similar.labels == ("cold",)
    assert similar.cosine.shape == similar.index.shape == (3, 1)
    assert (similar.cosine > 0.95).all()
    assert sorted(similar.index[:, 0]) == [0, 1, 2], "each colour is another concept"
    assert similar.sentence.startswith("*warm*'s concept ")
    assert "is almost concept" in similar.sentence


def test_the_nearest_is_the_one_that_a_loop_finds(images: Path) -> None:
    model = colours()
    banks = [explainers.explain("concepts", model, images=str(images), cls=cls, k=3) for cls in (0, 1)]
    cosines, index = closest(banks[0], [banks[1]])
    for i, own in enumerate(banks[0].dictionary):
        each = [float(own @ other / np.linalg.norm(own) / np.linalg.norm(other)) for other in banks[1].dictionary]
        assert index[i, 0] == int(np.argmax(each))
        assert cosines[i, 0] == pytest.approx(max(each), abs=1e-5)
    assert np.allclose(cosine(banks[0].dictionary, banks[1].dictionary).max(1), cosines[:, 0])


def test_shuffled_atoms_of_a_wide_layer_are_apart(bank: Any) -> None:
    rng = np.random.default_rng(0)
    wide = replace(bank, dictionary=rng.random((3, 400)) ** 8)
    drawn = by_chance(wide, [wide, wide], rng)
    assert drawn.shape == (20, 3, 2)
    assert drawn.max() < 0.6
    assert closest(wide, [wide])[0].min() > 0.999


def test_crops_are_those_of_the_pairs(images: Path, similar: Any) -> None:
    other = explainers.explain("concepts", colours(), images=str(images), cls=1, k=3)
    for i in range(3):
        assert np.array_equal(similar.near_crops[i, 0], other.crops[similar.index[i, 0], :4])


def test_classes_are_chosen_by_weights_or_by_second_answers(bank: Any) -> None:
    aligned = np.array([[0, 4, 2], [0, 2, 5]])
    near = replace(
        bank,
        cls=0,
        aligned=aligned,
        alignment=np.array([[0.9, 0.5, 0.2], [0.9, 0.8, 0.3]]),
        global_importance=np.array([0.9, 0.1]),
    )
    assert nearest(near) == (4, 2, 5)  # .45, .18 + .08 and .03
    few = replace(near, alignment=near.alignment * [[1, 1, 0], [1, 0, 0]], second=np.array([3, 1, 3, 0, 0, 0]))
    assert nearest(few) == (4, 3, 1), "weights first, then second answers"
    bent = replace(near, aligned=np.zeros((2, 0), int), second=np.array([3, 1, 3, 6, 1, 3]))
    assert nearest(bent) == (3, 1, 6)


def test_a_class_without_images_is_skipped_and_said(images: Path, tmp_path: Path) -> None:
    model = colours()
    for name in ("a", "b", "c"):
        Image.fromarray(block_picture(np.random.default_rng(0), 0)).save(tmp_path / f"{name}.png")
    with pytest.raises(InputError, match="No other class has concepts to compare with: No image of the 3"):
        explainers.explain("concept_similar", model, images=str(tmp_path), cls=0, k=1, others="1")


@pytest.mark.parametrize(
    ("others", "words"),
    [("one", "whole numbers with commas between"), ("7", "no class 7"), ("0", "compared with itself")],
)
def test_what_cannot_be_is_said(images: Path, others: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        explainers.explain("concept_similar", colours(), images=str(images), others=others, **CHOSEN)
    assert explainers.explain("concept_similar", colours(), images=str(images), others="1", **CHOSEN).labels


def test_evidence_tells_chance_from_likeness(similar: Any) -> None:
    lens = explainers.find("concept_similar")
    shuffled = replace(similar, chance=0.4, chance_high=0.97)
    scores = lens.evidence(colours(), None, shuffled, LocalRun(colours())).scores
    assert [each.name for each in scores] == ["closeness", "beyond_chance"]
    assert scores[0].value == pytest.approx(similar.cosine.mean())
    assert scores[0].baselines == {"shuffled atoms": 0.4}
    assert scores[1].value == pytest.approx((similar.cosine > 0.97).mean())
    drawn = replace(similar, part=np.array([0, 1, 2]), near_part=np.array([[0], [1], [5]]), part_chance=0.2)
    same = lens.evidence(colours(), None, drawn, LocalRun(colours())).scores[-1]
    assert same.value == pytest.approx(2 / 3)
    assert same.baselines == {"any two concepts": 0.2}
