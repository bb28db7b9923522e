"""Evidence of a bank: concepts that rebuild are told from those that do not."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import explainers
from explainers import LocalRun, params_of
from explainers.concepts.bank.evidence_fit import shuffled
from explainers.kit.dictionaries import Dictionary
from explainers.kit.metrics import cosine
from tests.explainers.concepts.worlds import block_picture, colours

FIT = ("frechet", "logit_gap", "dead", "mu_fidelity")


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root, rng = tmp_path_factory.mktemp("blocks"), np.random.default_rng(1)
    for i in range(24):
        Image.fromarray(block_picture(rng, i % 2)).save(root / f"{i:02}.png")
    return root


def measured(images: Path, model: Any, **changed: Any) -> dict[str, Any]:
    lens = explainers.find("concepts")
    params = params_of(lens, {"images": str(images), "cls": 0, "k": 3})
    bank = replace(lens(model, params, LocalRun(model)), **changed)
    return {score.name: score for score in lens.evidence(model, params, bank, LocalRun(model)).scores}


def test_concepts_that_rebuild_all_are_as_good_as_activations(images: Path) -> None:
    scores = measured(images, colours())
    assert scores["frechet"].value < 0.02
    assert scores["logit_gap"].value < 0.02 < scores["logit_gap"].baselines["no concepts"]
    assert scores["mu_fidelity"].value == pytest.approx(1, abs=1e-6)
    assert scores["mu_fidelity"].value > scores["mu_fidelity"].baselines["importance by lot"]
    assert scores["dead"].value == 0
    assert all(scores[name].of == "these concepts" for name in FIT)


def test_atoms_that_mean_nothing_are_found_out(images: Path) -> None:
    wrong = np.array([[1, 0, 0], [0.99, 0.141, 0], [0, 0, -1]], np.float32)
    good, bad = measured(images, colours()), measured(images, colours(), dictionary=wrong)
    assert bad["frechet"].value > good["frechet"].value + 0.1
    assert bad["logit_gap"].value > good["logit_gap"].value + 0.1
    assert bad["dead"].value == pytest.approx(1 / 3), "the third points away from all activations"
    assert bad["dead"].reading.startswith("1 of 3 concepts is active nowhere")


def test_importance_given_by_lot_is_found_out(images: Path) -> None:
    lot = np.random.default_rng(0).standard_normal((24, 3))
    assert measured(images, colours(), importance=lot)["mu_fidelity"].value < 0.7


def test_a_bending_network_is_measured_too(images: Path) -> None:
    scores = measured(images, colours(bend=True))
    assert scores["logit_gap"].value < scores["logit_gap"].baselines["shuffled atoms"] + 1e-6
    assert scores["mu_fidelity"].value > 0.5


def test_shuffling_keeps_each_atoms_values_and_its_encoder_beside_it() -> None:
    rng = np.random.default_rng(0)
    atoms = Dictionary("pca", rng.normal(size=(3, 50)), rule="linear")
    atoms = replace(atoms, filters=2 * atoms.atoms)
    drawn = shuffled(atoms, rng)
    np.testing.assert_array_equal(np.sort(drawn.atoms, axis=1), np.sort(atoms.atoms, axis=1))
    np.testing.assert_array_equal(drawn.filters, 2 * drawn.atoms)
    assert np.abs(cosine(drawn.atoms, atoms.atoms)).max() < 0.6
