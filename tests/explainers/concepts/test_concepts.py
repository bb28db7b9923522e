"""The bank of a class on a network whose concepts are known."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from scipy.optimize import nnls
from scipy.special import softmax

import explainers
from explainers.concepts.bank.collect import Members
from explainers.concepts.bank.ground_truth import against_truth, overlaps
from explainers.concepts.bank.learn import encode
from explainers.kit.dictionaries import Dictionary
from explainers.kit.dictionaries.base import unit
from explainers.kit.metrics import cosine
from explainers.kit.tail import onward, output_of, pick
from models.errors import InputError
from models.imagesets.imageset import Picture
from models.menagerie import PARTS
from tests.explainers.concepts.worlds import block_picture, colours
from tests.explainers.nets import inputs, small_vit


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Thirty red and thirty green pictures, ten blue ones; two green ones lie among the cold."""
    root, rng = tmp_path_factory.mktemp("blocks"), np.random.default_rng(1)
    for name in ("hot", "cold"):
        (root / name).mkdir()
    for first, count in ((0, 30), (1, 30), (2, 10)):
        for i in range(count):
            label = "cold" if first == 2 or (first == 1 and i < 2) else "hot"
            Image.fromarray(block_picture(rng, first)).save(root / label / f"{first}_{i:02}.png")
    return root


@pytest.fixture(scope="module")
def bank(images: Path) -> Any:
    return learn(images)


def first(file: str) -> str:
    """The number of the colour that a picture mostly has, from its name."""
    return Path(file).name[0]


def learn(images: Path, **chosen: Any) -> Any:
    return explainers.explain(
        "concepts", colours(), **{"images": str(images), "cls": 0, "k": 3, "rows": "cells", **chosen}
    )


def test_the_planted_colours_are_found(bank: Any) -> None:
    planted = np.array([(220, 30, 30), (30, 220, 30), (30, 30, 220)], np.float32)
    assert np.sort(cosine(planted, bank.dictionary).max(1))[0] > 0.98
    assert bank.reconstruction < 0.05
    assert bank.agreement == 1


def test_shapes_are_those_that_the_plan_gives(bank: Any) -> None:
    n = len(bank.files)
    assert bank.dictionary.shape == (3, 3)
    assert bank.codes.shape == (n, 4, 4, 3)
    assert bank.importance.shape == (n, 3)
    assert bank.embedding.shape == (n, 2)
    assert bank.c_insertion.shape == bank.c_deletion.shape == (4,)
    assert bank.important.dtype == bool
    assert bank.strategy.shape == bank.top_concept.shape == (n,)


def test_contributions_and_bias_add_to_the_logit(bank: Any, images: Path) -> None:
    model = colours()
    with torch.inference_mode():
        found = sorted(images.rglob("*.png"))
        logits = {
            path.relative_to(images).as_posix(): float(model.network(model.preprocess(path)[None])[0, 0])
            for path in found
        }
    wanted = np.array([logits[name] for name in bank.files])
    assert np.allclose(bank.importance.sum(1) + 0.5, wanted, atol=0.03)
    assert bank.exact


def test_images_are_those_predicted_and_doubtful_ones_are_ringed(bank: Any) -> None:
    assert len([name for name in bank.files if first(name) in "01"]) == 60
    said_cold = np.array([first(name) == "2" or name[-8:] in ("1_00.png", "1_01.png") for name in bank.files])
    assert np.array_equal(bank.wrong, said_cold)
    assert bank.of_label == 58
    assert bank.looked == 70


def test_two_strategies_make_two_clusters_and_a_pure_graph(bank: Any) -> None:
    tops = np.array([first(name) for name in bank.files])
    red = bank.top_concept[tops == "0"]
    assert (red == np.bincount(red).argmax()).mean() > 0.9
    assert bank.purity > 0.8
    assert len(bank.clusters) >= 2
    assert bank.clusters[0].endswith(("concept 1", "concept 2"))


def test_concepts_stand_in_order_of_importance(bank: Any) -> None:
    assert (np.diff(bank.global_importance) <= 0).all()
    assert bank.global_importance.sum() == pytest.approx(1)
    assert bank.global_importance[-1] < 0, "blue opposes"


def test_curves_begin_and_end_at_nothing_and_all(bank: Any) -> None:
    assert bank.c_insertion[-1] == pytest.approx(bank.c_deletion[0])
    assert bank.c_insertion[0] == pytest.approx(bank.c_deletion[-1])
    assert bank.c_insertion[2] > bank.c_insertion[0]


def test_a_network_that_bends_is_sampled_and_agrees_in_sign(images: Path) -> None:
    bent = explainers.explain("concepts", colours(bend=True), images=str(images), cls=0, k=3, limit=12)
    assert not bent.exact
    assert bent.global_importance[0] > 0
    assert bent.alignment.size == 0


def test_crops_and_signed_methods_work(images: Path) -> None:
    for chosen in ({"crops": True, "limit": 8}, {"method": "pca", "k": 2}, {"method": "topk_sae"}):
        made = learn(images, **chosen)
        assert np.isfinite(made.importance).all()
        assert made.codes.shape[0] == len(made.files)


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        ({"k": 50, "limit": 2}, "50 concepts cannot be found in 32"),
        ({"layer": "nowhere"}, "no layer"),
        ({"importance": "closed", "bend": True}, "not linear"),
        ({"images": "/no/such/folder"}, "no folder"),
        ({"cls": 7}, "no class 7"),
    ],
)
def test_what_cannot_be_is_said(images: Path, chosen: dict[str, Any], words: str) -> None:
    given = {"images": str(images), "cls": 0, "k": 3, **chosen}
    model = colours(bend=given.pop("bend", False))
    with pytest.raises(InputError, match=words):
        explainers.explain("concepts", model, **given)


def test_no_image_of_the_class_names_those_that_there_are(tmp_path: Path) -> None:
    Image.fromarray(np.full((32, 32, 3), (0, 0, 250), np.uint8)).save(tmp_path / "blue.png")
    with pytest.raises(InputError, match=r"No image of the 1 .* warm .*cold \(1, 1 images\)"):
        explainers.explain("concepts", colours(), images=str(tmp_path), cls=0)


def test_a_picture_of_the_bank_lands_on_its_own_dot(bank: Any, images: Path) -> None:
    for name in (bank.files[0], bank.files[-1]):
        found = next(images.rglob(name))
        one = explainers.explain(
            "concept_explain", colours(), image=found, images=str(images), k=3, cls=0, rows="cells"
        )
        at = bank.files.index(name)
        assert np.allclose(one.importance, bank.importance[at], atol=1e-4)
        assert np.allclose(one.place, bank.embedding[at], atol=1e-2)
        assert one.nearest[0] == at or np.allclose(bank.importance[one.nearest[0]], bank.importance[at], atol=1e-3)


def test_the_kept_bank_is_asked_for(bank: Any, images: Path) -> None:
    asked = []

    class Answer(explainers.LocalRun):
        def reuse(self, request: explainers.Request, share: tuple[float, float] = (0.0, 1.0)) -> Any:
            asked.append(request)
            return bank

    model = colours()
    found = next(images.rglob("0_00.png"))
    one = explainers.explain(
        "concept_explain", model, run=Answer(model), image=found, images=str(images), k=3, limit=300
    )
    assert [(each.explainer, each.params.cls, each.params.k) for each in asked] == [("concepts", 0, 3)]
    assert one.names == bank.names


def test_transformers_keep_their_class_token() -> None:
    model = small_vit()
    layer = pick(model, None)
    assert layer.layout == "tokens"
    body, tail = model.split(layer.name)
    x = inputs(model)
    with torch.inference_mode():
        output = body(x)
        again = output_of(layer, layer.as_map(output), output[:, : layer.prefix])
        assert torch.equal(again, output)
        assert torch.allclose(tail(again), model.network(x), atol=1e-5)


def test_a_linear_head_is_found_by_trying(images: Path) -> None:
    for bend in (False, True):
        model = colours(bend=bend)
        layer = pick(model, None)
        x = model.normalise(np.stack([block_picture(np.random.default_rng(i), i % 3) for i in range(4)]))
        with torch.inference_mode():
            maps = layer.as_map(model.split(layer.name)[0](x)).numpy()
            way = onward(model, layer, maps, model.network(x).numpy())
        assert (way.head is None) == bend
    assert way.model is model


def test_overlap_is_one_for_the_part_itself() -> None:
    owners = np.zeros((3, 8, 8), np.uint8)
    owners[:, 2:4, 2:4], owners[:, 4:8, 4:6] = 1, 2
    codes = np.stack([owners == 1, owners == 2, np.ones_like(owners)], -1)[:, ::2, ::2].astype(np.float32)
    found = overlaps(codes, owners)
    assert found[0, 0] == found[1, 1] == 1
    assert found[0, 1] < 0.1


def test_the_address_follows_the_folder(tmp_path: Path) -> None:
    lens = explainers.find("concepts")
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(tmp_path / "a.png")
    params = lens.params(images=str(tmp_path))
    before = explainers.Request("concepts", "menagerie_cnn", params).key
    assert explainers.Request("concepts", "menagerie_cnn", params).key == before
    Image.fromarray(np.zeros((9, 9, 3), np.uint8)).save(tmp_path / "b.png")
    assert explainers.Request("concepts", "menagerie_cnn", params).key != before


def test_with_images_enough_concepts_are_learnt_from_what_the_linear_head_sees(images: Path) -> None:
    auto, whole = learn(images, rows="auto"), learn(images, rows="images")
    assert np.array_equal(auto.dictionary, whole.dictionary)
    assert not np.array_equal(auto.dictionary, learn(images).dictionary)
    few = learn(images, rows="auto", limit=30)
    assert np.array_equal(few.dictionary, learn(images, limit=30).dictionary), "with few images every place is taken"
    bent = explainers.explain(
        "concepts", colours(bend=True), images=str(images), cls=0, k=2, importance="gradient_input"
    )
    assert bent.dictionary.shape == (2, 3)


def test_codes_of_images_are_those_of_their_mean_activations_and_give_importance_and_curves(images: Path) -> None:
    bank, model = learn(images, rows="images"), colours()
    paths = [images / name for name in bank.files]
    with torch.inference_mode():
        x = torch.stack([model.preprocess(path) for path in paths])
        means = model.network.blocks(x).mean((2, 3)).numpy()
    fitted = np.stack([nnls(bank.dictionary.T.astype(float), row.astype(float))[0] for row in means])
    np.testing.assert_allclose(bank.image_codes, fitted, atol=2e-3)
    weight = model.network.head.weight.detach().numpy()[0]
    np.testing.assert_allclose(bank.importance, bank.image_codes * (bank.dictionary @ weight), atol=1e-5)
    logits = bank.image_codes @ bank.dictionary @ model.network.head.weight.detach().numpy().T + [0.5, 0.0]
    assert bank.c_deletion[0] == pytest.approx(softmax(logits, 1)[:, 0].mean(), abs=1e-5)


def test_files_keep_their_place_below_the_folder(tmp_path: Path) -> None:
    for label in ("hot", "cold"):
        (tmp_path / label).mkdir()
        for i in range(4):
            Image.fromarray(block_picture(np.random.default_rng(i), 0)).save(tmp_path / label / f"{i}.png")
    bank = explainers.explain("concepts", colours(), images=str(tmp_path), cls=0, k=2)
    assert sorted(bank.files) == [f"{label}/{i}.png" for label in ("cold", "hot") for i in range(4)]


def test_a_picture_that_is_not_of_the_class_does_not_belong(images: Path) -> None:
    cold = np.full((32, 32, 3), (0, 0, 255), np.uint8)
    strict = colours()
    with torch.no_grad():
        strict.network.head.weight.mul_(4)
    said = {"images": str(images), "cls": 0, "k": 3}
    outside = explainers.explain("concept_explain", strict, image=cold, **said)
    assert outside.probability < 0.1
    assert not outside.belongs
    assert outside.sentence.startswith(
        "The model does not see *warm* in this picture (probability 0%): it does not belong"
    )
    inside = explainers.explain("concept_explain", strict, image=next(images.rglob("0_00.png")), **said)
    assert inside.belongs
    assert "support" in inside.sentence


@pytest.mark.parametrize("seed", range(3))
def test_random_concepts_get_no_names_and_the_parts_themselves_do(seed: int) -> None:
    rng = np.random.default_rng(seed)
    owners = np.zeros((12, 32, 32), np.uint8)
    for one in owners:  # eight parts of 8 x 8 pixels, laid out anew in each picture
        places = rng.permutation(16)[:6]
        for part, place in enumerate(places):
            y, x = 8 * (place // 4), 8 * (place % 4)
            one[y : y + 8, x : x + 8] = part + 1
    pictures = tuple(Picture(str(i), 0, np.zeros((32, 32, 3), np.uint8), one) for i, one in enumerate(owners))
    maps = rng.random((12, 16, 8, 8)).astype(np.float32)
    nothing = np.zeros((12, 0, 16), np.float32)
    members = Members(pictures, maps, nothing, np.zeros((12, 2), np.float32), 12, 12, 12, (), "here")
    lot = encode(Dictionary("random", unit(rng.random((6, 16)).astype(np.float32))), maps)
    assert sum(map(bool, against_truth(members, lot, seed).matched)) <= 1
    true = np.stack([owners[:, ::4, ::4] == part + 1 for part in range(6)], -1).astype(np.float32)
    assert against_truth(members, true, seed).matched == PARTS[:6]


def test_a_part_that_fits_another_concept_better_is_no_name() -> None:
    owners = np.zeros((10, 16, 16), np.uint8)
    owners[:, 0:8, 0:8], owners[:, 8:16, 8:12] = 1, 2
    wing = (owners == 1).astype(np.float32)
    most = wing.copy()
    most[:, 8:9, 8:12] = 0.5
    pictures = tuple(Picture(str(i), 0, np.zeros((16, 16, 3), np.uint8), one) for i, one in enumerate(owners))
    maps = np.random.default_rng(0).random((10, 8, 8, 8)).astype(np.float32)
    members = Members(
        pictures, maps, np.zeros((10, 0, 8), np.float32), np.zeros((10, 2), np.float32), 10, 10, 10, (), ""
    )
    parts = against_truth(members, np.stack([wing, most], -1)[:, ::2, ::2], 0)
    assert parts.matched[0] == PARTS[0]
    assert parts.matched[1] == "", "it is matched to the second part, and lies on the first"
