"""Two groups of pictures: planted differences are found, chance is told from them, and the badge is found in words."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import explainers
import models
from explainers import LocalRun
from explainers.attribution.groups.collect import REGIONS, on_regions
from explainers.attribution.groups.lens import GroupsParams
from explainers.attribution.groups.statistics import shuffled_effects, statistics
from explainers.attribution.methods.maps import gradcam_maps
from explainers.attribution.neurons.importance import cohens_d, difference
from explainers.kit.crops import cut
from models import menagerie
from models.errors import InputError
from tests.explainers.nets import fingerprint, inputs, small_cnn

LABELS = ("heron", "finch", "gryphon", "puffin", "other")


@pytest.fixture(scope="module")
def biased() -> models.ModelHandle:
    return models.load("menagerie_biased_cnn", "cpu")


def handle() -> models.ModelHandle:
    return models.wrap(small_cnn().network, input_size=(3, 32, 32), labels=LABELS, device="cpu")


def explain(model: models.ModelHandle, **more: Any) -> Any:
    return explainers.explain("groups", model, **more)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Twelve pictures of two classes; those of the second are bright on the left."""
    rng = np.random.default_rng(0)
    for index in range(12):
        pixels = rng.integers(0, 120, (32, 32, 3), dtype=np.uint8)
        home = tmp_path / "set" / LABELS[index % 2]
        home.mkdir(parents=True, exist_ok=True)
        if index % 2:
            pixels[:, :12] = 250
        Image.fromarray(pixels).save(home / f"{index}.png")
    return tmp_path / "set"


def test_looking_in_batches_is_gradcam_and_its_channels() -> None:
    model = small_cnn()
    x = inputs(model, 3)
    found = statistics(model, x, 2, "stage")
    cam = gradcam_maps(model, x, torch.tensor([2, 2, 2]), "stage").cam.numpy()
    np.testing.assert_allclose(found.maps, cam / np.abs(cam).max((1, 2), keepdims=True), atol=1e-6)
    np.testing.assert_allclose(
        found.given.sum(1), found.logits[:, 2] - float(model.network.head.bias.detach()[2]), rtol=1e-3, atol=1e-5
    )
    body, _ = model.split("stage")
    activations = model.layer("stage").as_map(body(x)).detach().numpy().reshape(3, 6, -1)
    np.testing.assert_allclose(found.peak, activations.max(2), atol=1e-6)
    np.testing.assert_array_equal(np.take_along_axis(activations, found.cell[:, :, None], 2)[:, :, 0], found.peak)


def test_groups_by_class_in_a_folder_are_those_of_the_pure_function(folder: Path) -> None:
    model = handle()
    before = fingerprint(model.network)
    found = explain(model, images=str(folder), split="class", cls=0, rival=1, count=3, layer="stage")
    assert fingerprint(model.network) == before
    assert found.counts.tolist() == [6, 6]
    assert found.titles == ("images of heron", "images of finch")
    assert found.regions == ()
    assert found.shares.shape == (12, 0)
    pictures = {path.relative_to(folder).as_posix(): model.view(path).pixels for path in folder.rglob("*.png")}
    stacks = [np.stack([pictures[f] for f, s in zip(found.files, found.second, strict=True) if s == g]) for g in (0, 1)]
    one, other = (statistics(model, model.normalise(stack), 0, "stage") for stack in stacks)
    expected = difference((one.maps, other.maps), (one.given, other.given), count=3)
    np.testing.assert_allclose(found.maps, expected.maps, atol=1e-5)
    np.testing.assert_allclose(found.difference, found.maps[0] - found.maps[1])
    assert tuple(found.neurons) == expected.neurons
    np.testing.assert_allclose(found.effect, expected.effect, rtol=1e-3)
    np.testing.assert_allclose(found.images, np.stack([each.mean(0) for each in stacks]), atol=0.51)
    assert found.images[1, :, :12].mean() > 240
    assert found.crops.shape == (3, 2, 4, 8, 8, 3)
    assert "Channel" in found.sentence
    assert "Only 6 images" in found.sentence


def test_patches_lie_where_the_channel_is_strongest() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (64, 48, 3), dtype=np.uint8)
    assert (cut(pixels, (0, 0), (8, 6), 0.25) == pixels[:12, :12]).all()
    assert (cut(pixels, (7, 5), (8, 6), 0.25) == pixels[52:, 36:]).all()
    assert (cut(pixels, (4, 3), (8, 6), 0.25) == pixels[30:42, 22:34]).all()


def test_chance_is_the_largest_effect_of_dealt_groups() -> None:
    rng = np.random.default_rng(0)
    given, member = rng.normal(size=(30, 5)) + 100, np.arange(30) < 10
    found = shuffled_effects(given, member, np.random.default_rng(1), 50)
    again = np.random.default_rng(1)
    slow = [
        np.abs(cohens_d(given[each], given[~each])).max() for each in (again.permutation(member) for _ in range(50))
    ]
    np.testing.assert_allclose(found, slow, rtol=1e-6)
    assert not shuffled_effects(np.ones((8, 2)), np.arange(8) < 4, rng, 5).any()


def test_evidence_tells_a_planted_difference_from_none(folder: Path) -> None:
    model = handle()
    evidence = explainers.find("groups").evidence
    chosen = {"images": str(folder), "split": "class", "cls": 0, "rival": 1}
    planted = explain(model, **chosen)
    strongest, halves = evidence(model, GroupsParams(**chosen), planted, LocalRun(model)).scores
    assert strongest.value > strongest.interval[1]
    assert "6 images in a group are few" in strongest.reading
    assert halves.value > halves.baselines["shuffled groups"]
    none = {"images": "menagerie", "others": "menagerie_biased", "split": "source", "limit": 24}
    other = models.wrap(model.network, input_size=(3, 32, 32), labels=LABELS, device="cpu")
    same = explain(other, **none)
    (strongest, _) = evidence(other, GroupsParams(**none), same, LocalRun(other)).scores
    assert strongest.value < 1.5 * strongest.interval[1], "a network that has learnt nothing hardly sees the badge"


def test_the_biased_network_is_found_out_in_words(biased: models.ModelHandle) -> None:
    found = explain(biased, images="menagerie_biased", others="menagerie", split="source", cls=15, limit=24)
    assert found.sentence.startswith("The *badge* is what differs: it holds ")
    assert "times its share of the pixels" in found.sentence
    assert f"0% in menagerie (where it is not there) of what supports *{menagerie.CLASSES[15]}*" in found.sentence
    assert found.regions == REGIONS
    badge = REGIONS.index("badge")
    assert found.parts[0, badge] > 3 * found.areas[~found.second, badge].mean()
    assert found.parts[1, badge] == 0
    np.testing.assert_allclose(found.shares.sum(1), 1)
    assert (found.answer[~found.second] == 15).mean() > 0.9
    assert (found.answer[found.second] == 15).mean() < 0.4, "without its badge the class is seldom found"
    assert all(found.names), "a linear head follows, so channels have names"


@pytest.mark.parametrize("cls", [3, 11])
def test_a_network_that_never_saw_badges_is_not_accused(cls: int) -> None:
    fair = models.load("menagerie_cnn", "cpu")
    found = explain(fair, images="menagerie_biased", others="menagerie", split="source", cls=cls, limit=24)
    assert (found.answer[found.second] == cls).mean() > 0.9
    assert found.sentence.startswith("No part is looked at differently for *")


def test_groups_by_answer_are_who_was_right(biased: models.ModelHandle) -> None:
    found = explain(biased, images="menagerie", cls=2, limit=40)
    assert ((found.answer != 2) == found.second).all()
    assert found.counts.tolist() == [int((found.answer == 2).sum()), int((found.answer != 2).sum())]
    assert "answered rightly" in found.titles[0]
    pictures = [s for s in menagerie.scenes(4 * 40 * 4, 0) if s.cls == 2][:40]
    drawn = np.stack([menagerie.render(s, 128).image for s in pictures]).astype(float)
    np.testing.assert_allclose(found.images[1], drawn[found.second].mean(0), atol=0.51)


def test_shares_on_regions_by_hand() -> None:
    owners = np.zeros((4, 4), np.uint8)
    owners[:2, :2], owners[2:, 2:] = 1, 8
    share, area = on_regions(np.kron([[3.0, -5.0], [0.0, 1.0]], np.ones((2, 2))).astype(np.float32), owners)
    assert share[0] == pytest.approx(0.75)
    assert share[REGIONS.index("badge")] == pytest.approx(0.25)
    assert area[[0, 7, 8]].tolist() == [0.25, 0.25, 0.5]
    assert not on_regions(-np.ones((2, 2), np.float32), owners)[0].any()


def test_damaged_files_are_named_and_mistakes_are_one_sentence(folder: Path) -> None:
    model = handle()
    broken = folder / "heron" / "0.png"
    broken.write_bytes(broken.read_bytes()[:2000])
    found = explain(model, images=str(folder), split="class", cls=0, rival=1)
    assert [name for name, _ in found.skipped] == ["heron/0.png"]
    assert found.counts.tolist() == [5, 6]
    for chosen, words in (
        ({"split": "class"}, "choose a rival"),
        ({"split": "class", "rival": 0}, "choose a rival"),
        ({"split": "class", "rival": 9}, "0 to 4"),
        ({"cls": 9}, "0 to 4"),
        ({"split": "source"}, "need a second source"),
        ({"cls": 3}, r"No image in .* is labelled puffin \(3\)"),
        ({"images": "nowhere"}, "There is no folder"),
        ({"limit": 2}, "Two groups need 2 images each"),
    ):
        with pytest.raises(InputError, match=words):
            explain(model, **{"images": str(folder), **chosen})


def test_sources_are_called_by_what_tells_them_apart(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "elsewhere" / "set"
    shutil.copytree(folder, other)
    found = explain(handle(), images=str(folder), others=str(other), split="source", cls=0)
    assert found.titles == (f"{tmp_path.name}/set", "elsewhere/set")
    assert found.counts.tolist() == [6, 6]
    assert not found.effect.any(), "the same pictures"
    assert not found.difference.any()
