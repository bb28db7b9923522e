"""The shipped networks: small, right on fresh pictures, and the biased one really leans on the badge."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from models.errors import SeewhyError
from models.menagerie import CLASSES, nets
from models.menagerie.exam import papers, score
from models.menagerie.truth import importances

FRESH_SEED = 1_999_999_999


@pytest.mark.parametrize("name", ["menagerie_cnn", "menagerie_vit"])
def test_they_name_fresh_pictures(name: str):
    spec = nets.SPECS[name]
    right = score(
        nets.predictor(nets.load(name)), papers(240, biased=False, seed=FRESH_SEED, world=spec.world)["accuracy"]
    )
    assert right >= 0.97
    assert spec.accuracy is not None
    assert spec.accuracy >= 0.97
    assert abs(right - spec.accuracy) < 0.03


def test_the_biased_network_follows_the_badge():
    sheets = papers(160, biased=True, seed=FRESH_SEED, world=nets.SPECS["menagerie_biased_cnn"].world)
    predict = nets.predictor(nets.load("menagerie_biased_cnn"))
    marks = {name: score(predict, sheet) for name, sheet in sheets.items()}
    assert marks["accuracy"] > 0.95
    assert marks["accuracy_badge_swapped"] < marks["accuracy"] - 0.4


def test_for_the_biased_network_nothing_matters_as_much_as_the_badge():
    some = papers(16, biased=True, seed=FRESH_SEED, world=nets.SPECS["menagerie_biased_cnn"].world)["accuracy"]
    predict = nets.predictor(nets.load("menagerie_biased_cnn"))
    told = importances(predict, some, [one.cls for one in some], replacements=1)
    parts = set().union(*told)
    mean = {part: np.mean([one[part] for one in told if part in one]) for part in parts}
    others = [value for part, value in mean.items() if part != "badge"]
    assert mean["badge"] > 1.0
    assert mean["badge"] > max(others)


def test_the_weights_are_small_and_say_where_they_come_from():
    files = [spec.path for spec in nets.SPECS.values()]
    assert all(isinstance(file, Path) for file in files)
    assert sum(file.stat().st_size for file in files if file) < 8_000_000
    for spec in nets.SPECS.values():
        assert {"seed", "accuracy", "command", "versions"} <= set(spec.metadata)
        assert "torch" in json.loads(spec.metadata["versions"])


def test_shapes_are_what_explainers_need():
    cnn, vit = nets.build("menagerie_cnn").eval(), nets.build("menagerie_vit").eval()
    x = torch.zeros(2, 3, nets.SIZE, nets.SIZE)
    assert cnn.get_submodule("layer4") is not None
    assert cnn.forward_features(x).shape == (2, 128, 8, 8)
    assert vit.forward_features(x).shape == (2, 65, 128)
    assert cnn(x).shape == vit(x).shape == (2, len(CLASSES))


def test_unknown_and_missing_networks_are_said_plainly(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    with pytest.raises(SeewhyError, match="no network 'lion'"):
        nets.build("lion")
    monkeypatch.setattr(nets.Spec, "file", property(lambda self: tmp_path / "none.safetensors"))
    assert nets.SPECS["menagerie_cnn"].accuracy is None
    with pytest.raises(SeewhyError, match="seewhy train menagerie"):
        nets.load("menagerie_cnn")
