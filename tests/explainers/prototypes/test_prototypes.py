"""Prototypes of real networks: they are what they are called, add up, and can be explained like anything else."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import explainers
import models
from explainers import LocalRun, find, params_of
from explainers.kit.characteristics import modify
from explainers.prototypes.merging import merged, pairs, prunable, roots
from explainers.prototypes.reasons import percentiles, sentence
from explainers.prototypes.telling import STRONG, USUAL, Telling, lost, means, usual
from explainers.prototypes.whatif import smoothed
from models import ModelHandle, Photo, imagesets
from models.errors import InputError, UnfitError
from models.imagesets.labelled import labelled
from models.prototypes.file import save, without
from tests.explainers.prototypes.drawn_pairs import PAIRS, draw, write


@pytest.fixture(scope="module")
def shipped() -> ModelHandle:
    return models.load("menagerie_prototypes", "cpu")


def test_contributions_add_up_to_the_networks_own_logit(shipped: ModelHandle) -> None:
    animal = imagesets.sample("animal-0")
    result = explainers.explain("prototypes", shipped, image=animal, target=2)
    with torch.inference_mode():
        logits = shipped.network(shipped.preprocess(animal)[None])[0].numpy()
    assert result.logits == pytest.approx(logits, abs=1e-4)
    assert result.contribution.sum() == pytest.approx(logits[2], abs=1e-4)


def test_why_not_another_class_adds_up_to_the_difference_of_the_logits(shipped: ModelHandle) -> None:
    result = explainers.explain("prototypes", shipped, image=imagesets.sample("animal-0"))
    assert result.rival == np.argsort(-result.logits)[1]
    for other in (result.rival, 7):
        gap = result.logits[result.target] - result.logits[other]
        assert result.difference(other).sum() == pytest.approx(gap, abs=1e-4)
        assert result.points(other).sum() == pytest.approx(result.logits[other], abs=1e-4)
        assert f"{abs(gap):.2f} points" in result.why_not(other)


def test_what_if_nothing_changes_nothing_and_one_change_is_phi(shipped: ModelHandle) -> None:
    animal = imagesets.sample("animal-0")
    result = explainers.explain("prototypes", shipped, image=animal, shape=6.0)
    same = explainers.explain("prototype_what_if", shipped, image=animal, target=result.target)
    assert np.array_equal(*same.maps)
    assert same.logit[0] == pytest.approx(result.logits[result.target], abs=1e-4)
    bent = explainers.explain("prototype_what_if", shipped, image=animal, target=result.target, shape=6.0)
    assert bent.similarity[0] - bent.similarity[1] == pytest.approx(result.phi[4], abs=1e-5)
    smooth = explainers.explain("prototype_what_if", shipped, image=animal, target=result.target, texture=4.0)
    assert smooth.similarity[0] - smooth.similarity[1] == pytest.approx(result.phi[3], abs=1e-5)
    both = explainers.explain("prototype_what_if", shipped, image=animal, hue=0.2, contrast=0.5)
    changed = Photo(modify(modify(animal.pixels, "hue", 0.2), "contrast", 0.5), animal.name)
    assert np.array_equal(both.image[1], shipped.view(changed).pixels)


def test_texture_is_smoothed_at_four_strengths_and_mixed_between_them() -> None:
    picture = imagesets.sample("animal-0").pixels[60:140, 60:140]
    for rung in (0.0, 4.0, 24.0, 32.0):
        assert np.array_equal(smoothed(picture, rung), modify(picture, "texture", rung))
    between = smoothed(picture, 9.0)
    mixed = 0.75 * modify(picture, "texture", 4.0) + 0.25 * modify(picture, "texture", 24.0)
    assert np.abs(between - mixed).max() <= 0.5 + 1e-4
    taken = [np.abs(smoothed(picture, at) - picture.astype(float)).mean() for at in (0.0, 2.0, 4.0, 9.0, 24.0, 32.0)]
    assert (np.diff(taken) > 0).all(), "the more, the more is taken away"


def test_a_distance_is_lost_by_what_brings_both_together() -> None:
    assert lost(np.array([2.0, 0.0, 2.0, 1.0, 2.2, -2.0])) == pytest.approx([1, 0, 0.5, -0.1, 2])
    assert not lost(np.zeros(6)).any()


def test_means_of_a_class_are_over_its_own_pictures() -> None:
    likeness = np.arange(4 * 6 * 2, dtype=np.float32).reshape(4, 6, 2)
    found = means(likeness, np.array([0, 2, 0, 2]), 3)
    assert found[:, 0] == pytest.approx((likeness[0] + likeness[2]) / 2)
    assert not found[:, 1].any()
    assert found[:, 2] == pytest.approx((likeness[1] + likeness[3]) / 2)


def test_what_tells_two_classes_apart_is_what_both_lose(shipped: ModelHandle) -> None:
    animal = imagesets.sample("animal-0")
    told = explainers.explain("prototype_telling", shipped, image=animal, target=0, other=5)
    weight = shipped.network.head.weight.detach().numpy()
    with torch.inference_mode():
        maps = [
            shipped.network.similarities(shipped.preprocess(Photo(modify(animal.pixels, name, strength), "x"))[None])[0]
            for name, strength in (("hue", 0.0), *STRONG.items())
        ]
    place = maps[0].flatten(1).argmax(1)
    likeness = np.stack([one.flatten(1)[torch.arange(len(place)), place].numpy() for one in maps])
    apart = (likeness - shipped.network.record["changed"][:, 5]) @ (weight[0] - weight[5])
    assert told.distance == pytest.approx(apart[0], abs=1e-3)
    assert told.lost == pytest.approx(1 - apart[1:] / apart[0], abs=1e-3)
    assert told.sentence.startswith("*Reed Heron* is told from *Hookbill Finch* ")


def test_the_headline_says_what_tells_the_class_from_its_runner_up(shipped: ModelHandle) -> None:
    animal = imagesets.sample("animal-0")
    for target in (None, 5):
        result = explainers.explain("prototypes", shipped, image=animal, target=target)
        told = explainers.explain("prototype_telling", shipped, image=animal, target=result.target, other=result.rival)
        assert result.telling.distance == pytest.approx(told.distance)
        assert np.array_equal(result.telling.lost, told.lost)
        assert np.array_equal(result.telling.usual, told.usual)
        assert result.sentence == f"*{result.label}* ({result.probability:.0%}) {told.clause}"


def test_a_headline_gives_strength_and_control_and_says_where_it_is_weak() -> None:
    usual = np.array([0.5, 0.3, 0.4, 0.5, 0.9], np.float32)
    told = Telling(label="Owl", other="Bat, flying", lost=2 * usual * [1, 0.8, 0, 0, 0], usual=usual, distance=3.0)
    assert told.sentence == (
        "*Owl* is told from *Bat* by its hue and saturation: changing them takes 100% and 48% of their distance,"
        " 50% and 30% between other classes."
    )
    weak = replace(told, lost=told.lost * 0.4)
    assert "*Bat* weakly, most by its hue and saturation: changing them takes 40% and 19%" in weak.sentence
    for share, distance in ((-told.lost, 3.0), (told.lost, -3.0)):
        nothing = replace(told, lost=share, distance=distance)
        assert nothing.sentence == "*Owl* is not told from *Bat* by any characteristic of this picture alone."


def test_classes_that_differ_in_colour_alone_are_told_apart_by_it(tmp_path: Path) -> None:
    pair = next(one for one in PAIRS if one.name == "Brush Gryphon in other colours")
    write(pair, tmp_path / "pictures", 10)
    base = models.load("menagerie_cnn", "cpu")
    trained = explainers.explain("prototypes_train", base, images=str(tmp_path / "pictures"), prototypes=4)
    assert trained.changed.shape == (6, 2, 8)
    save(tmp_path / "pair.safetensors", trained.about(), trained.tensors())
    model = models.load(str(tmp_path / "pair.safetensors"), "cpu")
    for cls in (0, 1):
        picture = Photo(draw(pair.looks[cls], 9000 + cls), pair.name)
        told = explainers.explain("prototype_telling", model, image=picture, target=cls)
        # The menagerie's network sees so little without contrast that this costs it most, whatever tells classes apart.
        others = [at for at, name in enumerate(STRONG) if name not in ("hue", "contrast")]
        assert told.share[0] > 1.2 * told.share[others].max()


def test_what_a_change_usually_costs_is_the_mean_of_the_models_own_pairs(shipped: ModelHandle) -> None:
    weight = shipped.network.head.weight.detach().numpy()
    changed = shipped.network.record["changed"].astype(np.float32)
    costs = []
    for a in range(16):
        for b in range(a + 1, 16):
            if (a, b) == (2, 5):
                continue
            apart = [(each[a] - each[b]) @ (weight[a] - weight[b]) for each in changed]
            costs.append(np.clip(1 - np.array(apart[1:]) / apart[0], 0, 1.5))
    assert usual(changed[:, :2], weight[:2], (0, 1)) == pytest.approx(list(USUAL.values()))
    wanted = (np.sum(costs, 0) + 6 * np.array(list(USUAL.values()))) / (len(costs) + 6)
    assert usual(changed, weight, (5, 2)) == pytest.approx(np.maximum(wanted, 0.3), rel=1e-3)


def test_a_file_of_before_says_that_it_must_be_trained_again(shipped: ModelHandle, tmp_path: Path) -> None:
    state = {
        key: value.numpy() for key, value in shipped.network.state_dict().items() if not key.startswith("backbone")
    }
    record = {f"record.{key}": value for key, value in shipped.network.record.items() if key != "changed"}
    save(tmp_path / "old.safetensors", shipped.network.about, {**state, **record})
    old = models.load(str(tmp_path / "old.safetensors"), "cpu")
    with pytest.raises(UnfitError, match="train it again to see what tells its classes apart"):
        explainers.explain("prototype_telling", old, image=imagesets.sample("animal-0"))
    result = explainers.explain("prototypes", old, image=imagesets.sample("animal-0"))
    assert result.telling is None
    assert "train the model again to see what tells it from" in result.sentence


def test_phi_is_zero_where_nothing_changes(shipped: ModelHandle) -> None:
    same = {"hue": 0.0, "saturation": 1.0, "contrast": 1.0, "texture": 0.0, "shape": 0.0}
    assert not explainers.explain("prototypes", shipped, image=imagesets.sample("animal-0"), **same).phi.any()
    grey = imagesets.sample("camera")
    phi = explainers.explain("prototypes", shipped, image=grey).phi
    assert not phi[:2].any(), "a grey picture has no hue and no saturation to change"
    assert phi[2:].any()


def test_phi_is_read_at_the_place_of_the_greatest_likeness(shipped: ModelHandle) -> None:
    animal = imagesets.sample("animal-0")
    result = explainers.explain("prototypes", shipped, image=animal)
    changed = Photo(modify(animal.pixels, "contrast"), animal.name)
    with torch.inference_mode():
        before, after = (
            shipped.network.similarities(shipped.preprocess(photo)[None])[0].numpy() for photo in (animal, changed)
        )
    for at, (row, column) in enumerate(result.location):
        assert before[at, row, column] == pytest.approx(before[at].max())
        assert result.phi[2, at] == pytest.approx(before[at, row, column] - after[at, row, column], abs=1e-5)


def test_every_prototype_is_a_patch_of_its_training_picture(shipped: ModelHandle) -> None:
    by_name = {example.name: example for example in labelled("menagerie", limit=30).of("train")}
    network, about = shipped.network, shipped.network.about
    for at in range(0, len(about.files), 13):
        photo = by_name[about.files[at]].read()
        with torch.inference_mode():
            maps = network.features(shipped.preprocess(photo)[None])[0]
        row, column = network.record["cell"][at]
        patch = maps[:, row, column]
        # Features are kept in 16 bits, which rounds at a part in 2000.
        assert patch.numpy() == pytest.approx(network.similarity.prototypes[at].numpy(), rel=1e-3, abs=1e-3)


def test_a_prototype_is_a_neuron_that_grad_cam_explains(shipped: ModelHandle) -> None:
    chosen = {"question": "neuron", "neuron": 3, "neuron_layer": "similarity"}
    result = explainers.explain("gradcam", shipped, image=imagesets.sample("animal-0"), **chosen)
    assert result.heatmap.max() == pytest.approx(1)
    assert shipped.layer(None).name.startswith("backbone.")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two classes that differ in colour, six pictures each, one file of which is damaged."""
    root, rng = tmp_path_factory.mktemp("colours"), np.random.default_rng(0)
    for name, colour in (("red", (200, 40, 40)), ("blue", (40, 40, 200))):
        (root / name).mkdir()
        for at in range(8):
            pixels = np.clip(np.array(colour) + rng.normal(0, 30, (96, 96, 3)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(root / name / f"{at}.png")
    (root / "red" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing")
    return root


@pytest.mark.parametrize("metric", ["cosine", "log_l2"])
def test_training_makes_a_file_that_is_a_model(folder: Path, tmp_path: Path, metric: str) -> None:
    base, lens = models.load("menagerie_cnn", "cpu"), find("prototypes_train")
    params = params_of(lens, {"images": str(folder), "prototypes": 10, "metric": metric})
    result = lens(base, params, LocalRun(base))
    assert result.test_accuracy == 1
    assert [name for name, _ in result.skipped] == ["red/broken.png"]
    assert len(result.notes) == 2, "fewer pictures than prototypes is said"
    assert len(set(result.files)) == len(result.files), "no two from one picture"
    path = tmp_path / "mine.safetensors"
    save(path, result.about(), result.tensors())
    again = models.load(str(path), "cpu")
    assert again.card.labels == ("blue", "red")
    explained = explainers.explain("prototypes", again, image=folder / "red" / "0.png")
    assert explained.label == "red"
    assert np.array_equal(again.network.head.weight.detach().numpy(), result.weight)


@pytest.mark.parametrize("metric", ["cosine", "log_l2"])
def test_a_backbone_is_fine_tuned_and_lies_in_the_file(folder: Path, tmp_path: Path, metric: str) -> None:
    base = models.load("menagerie_cnn", "cpu")
    before = {name: value.clone() for name, value in base.network.state_dict().items()}
    chosen = {"images": str(folder), "prototypes": 2, "metric": metric, "tune": 2, "seed": 1}
    result = explainers.explain("prototypes_train", base, **chosen)
    assert all(torch.equal(value, before[name]) for name, value in base.network.state_dict().items())
    moved = max(np.abs(value - before[name].numpy()).max() for name, value in result.backbone.items())
    assert moved > 1e-5
    path = tmp_path / "tuned.safetensors"
    save(path, result.about(), result.tensors())
    again = models.load(str(path), "cpu")
    example = next(one for one in labelled(str(folder), limit=100, seed=1).of("train") if one.name == result.files[0])
    with torch.inference_mode():
        similarity = again.network.similarities(again.preprocess(example.read())[None])[0, 0].numpy()
    row, column = result.cell[0]
    assert similarity[row, column] == pytest.approx(similarity.max(), abs=1e-3), "its own patch is most like it"
    assert result.test_accuracy == 1
    (again_same,) = (explainers.explain("prototypes_train", base, **chosen),)
    assert np.array_equal(again_same.prototypes, result.prototypes), "the same seed gives the same prototypes"


def test_a_folder_of_one_class_is_refused(tmp_path: Path) -> None:
    (tmp_path / "only").mkdir()
    Image.new("RGB", (40, 40)).save(tmp_path / "only" / "a.png")
    base = models.load("menagerie_cnn", "cpu")
    with pytest.raises(InputError, match="holds one class, only: give a folder"):
        explainers.explain("prototypes_train", base, images=str(tmp_path))


def test_a_folder_that_changed_or_vanished_is_said_and_thumbnails_stay(folder: Path, tmp_path: Path) -> None:
    pictures = tmp_path / "pictures"
    shutil.copytree(folder, pictures)
    base = models.load("menagerie_cnn", "cpu")
    trained = explainers.explain("prototypes_train", base, images=str(pictures), prototypes=2)
    save(tmp_path / "mine.safetensors", trained.about(), trained.tensors())
    mine = models.load(str(tmp_path / "mine.safetensors"), "cpu")
    (pictures / "green").mkdir()
    Image.new("RGB", (60, 60), (20, 200, 20)).save(pictures / "green" / "0.png")
    with pytest.raises(InputError, match="it holds green, which the model does not know"):
        explainers.explain("prototype_gallery", mine, images=str(pictures), limit=2, reasons=0)
    grown = explainers.explain("prototypes_train", base, images=str(pictures), prototypes=2)
    assert grown.classes == ("blue", "green", "red")
    shutil.rmtree(pictures)
    with pytest.raises(InputError, match="pictures"):
        explainers.explain("prototype_gallery", mine, images=str(pictures), limit=2, reasons=0)
    with pytest.raises(InputError, match="pictures"):
        explainers.explain("prototypes_train", base, images=str(pictures))
    result = explainers.explain("prototypes", mine, image=imagesets.sample("camera"))
    assert np.array_equal(result.thumbnails, mine.network.record["thumbnails"])
    assert result.thumbnails.shape == (4, 128, 128, 3)
    assert result.thumbnails.reshape(4, -1).std(1).min() > 1, "pictures, and not blank ones"


def test_where_no_picture_can_be_kept_apart_it_is_said(tmp_path: Path) -> None:
    for name in ("dark", "light"):
        (tmp_path / name).mkdir()
        Image.new("RGB", (40, 40), (200, 200, 60) if name == "light" else (20, 30, 80)).save(tmp_path / name / "a.png")
    result = explainers.explain("prototypes_train", models.load("menagerie_cnn", "cpu"), images=str(tmp_path))
    assert result.notes[0] == "dark has 1 picture to train on, so 1 prototype instead of 10."
    assert result.notes[-1].startswith("No picture could be kept apart")


def test_a_class_is_not_told_from_itself(shipped: ModelHandle) -> None:
    with pytest.raises(InputError, match="is not told from itself; choose another class"):
        explainers.explain("prototype_telling", shipped, image=imagesets.sample("animal-0"), target=3, other=3)


def test_a_class_of_which_nothing_can_be_read_is_refused(folder: Path, tmp_path: Path) -> None:
    pictures = tmp_path / "pictures"
    shutil.copytree(folder, pictures)
    for file in (pictures / "red").glob("*.png"):
        file.write_bytes(b"nothing")
    with pytest.raises(InputError, match="No picture of red can be read; add some, or remove the folder"):
        explainers.explain("prototypes_train", models.load("menagerie_cnn", "cpu"), images=str(pictures))


def test_a_network_without_prototypes_is_refused_with_one_that_has() -> None:
    with pytest.raises(UnfitError, match="choose menagerie_prototypes"):
        explainers.explain("prototypes", models.load("menagerie_cnn", "cpu"), image=imagesets.sample("animal-0"))
    models.card("menagerie_prototypes")  # the remedy is there


def test_a_file_on_other_weights_is_refused(tmp_path: Path, shipped: ModelHandle) -> None:
    about = replace(shipped.network.about, base_sha256="0" * 64)
    state = {
        key: value.numpy() for key, value in shipped.network.state_dict().items() if not key.startswith("backbone")
    }
    record = {f"record.{key}": value for key, value in shipped.network.record.items()}
    save(tmp_path / "other.safetensors", about, {**state, **record})
    with pytest.raises(InputError, match="train it again here"):
        models.load(str(tmp_path / "other.safetensors"), "cpu")


def test_removing_prototypes_changes_what_it_should(shipped: ModelHandle) -> None:
    result = explainers.explain("prototype_gallery", shipped, limit=2, reasons=1)
    mine = tuple(np.flatnonzero(result.owner == 0).tolist())
    assert result.accuracy_without(()) > 0.95
    assert result.accuracy_without(tuple(range(len(result.owner)))) <= 0.1
    assert result.accuracy_without(mine) <= result.accuracy_without(())


def test_two_that_are_merged_count_together_and_the_file_agrees(shipped: ModelHandle, tmp_path: Path) -> None:
    result = explainers.explain("prototype_gallery", shipped, limit=2, reasons=0)
    merges = ((0, 1), (1, 2), (7, 6))  # 2 goes where 1 went
    assert roots(merges) == {1: 0, 2: 0, 6: 7}
    weight = merged(result.weight, merges)
    assert weight.sum(1) == pytest.approx(result.weight.sum(1), abs=1e-5)
    assert not weight[:, [1, 2, 6]].any()
    test = result.scores("test")
    by_hand = test.similarity[:, [0, 1, 2, 6, 7]].copy()
    by_hand[:, 1] = by_hand[:, 2] = by_hand[:, 0]
    by_hand[:, 3] = by_hand[:, 4]
    seen = test.similarity.copy()
    seen[:, [0, 1, 2, 6, 7]] = by_hand
    right = ((seen @ result.weight.T).argmax(1) == test.labels).mean()
    assert result.accuracy_merged(merges) == pytest.approx(right)
    out = tmp_path / "merged.safetensors"
    without(models.card("menagerie_prototypes").path, (), out, into=roots(merges))
    again = models.load(str(out), "cpu").network.head.weight.detach().numpy()
    assert again == pytest.approx(np.delete(weight, [1, 2, 6], axis=1), abs=1e-6)


def test_prototypes_of_other_classes_are_pruned() -> None:
    near, owner = np.array([[0, 0, 1, 1], [0, 1, 1, 1], [1, 1, 1, 1]]), np.array([0, 0, 1])
    assert prunable(near, owner).tolist() == [1]


def test_redundant_and_misleading_pairs() -> None:
    vectors = np.array([[1, 0], [1, 0.01], [1, 0.02], [0, 1]], np.float32)
    owner, cells = np.array([0, 0, 0, 0]), np.zeros((5, 4, 2), int)
    reasons = np.array([[1, 1, -1, 0], [0, 0, 0, 1], [0] * 4, [0] * 4, [0] * 4], float)
    redundant, misleading = pairs(vectors, owner, (cells, reasons))
    assert redundant.tolist() == [[0, 1]]
    assert misleading.tolist() == [[0, 2], [1, 2]]


def test_the_reason_names_what_falls_most() -> None:
    phi = np.array([[0.4, 0.1], [0.0, 0.0], [0.05, 0.1], [0.0, 0.0], [0.02, 0.5]])
    ranks = percentiles(phi)
    assert sentence(phi[:, 0], ranks[:, 0]).startswith("because of its hue;")
    assert sentence(phi[:, 1], ranks[:, 1]).startswith("because of its shape;")
    assert "none of hue" in sentence(np.zeros(5), np.full(5, 0.5))


def test_a_classifier_is_kept_without_some_prototypes(shipped: ModelHandle, tmp_path: Path) -> None:
    out = tmp_path / "pruned.safetensors"
    without(models.card("menagerie_prototypes").path, (0, 5), out)
    pruned, animal = models.load(str(out), "cpu"), imagesets.sample("animal-0")
    kept = np.setdiff1d(np.arange(len(shipped.network.record["owner"])), (0, 5))
    before = explainers.explain("prototypes", shipped, image=animal, target=0)
    after = explainers.explain("prototypes", pruned, image=animal, target=0)
    assert after.contribution == pytest.approx(before.contribution[kept], abs=1e-5)
    assert after.files == tuple(before.files[at] for at in kept)
    assert np.array_equal(after.thumbnails.shape, before.thumbnails[kept].shape)
    with pytest.raises(InputError, match="keep at least one"):
        without(out, range(len(kept)), tmp_path / "none.safetensors")
