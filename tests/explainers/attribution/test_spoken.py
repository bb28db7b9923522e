"""Neurons in words: patches, names and silence on networks whose neurons are known."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from explainers import LocalRun, explain, find, params_of
from explainers.kit.ablate import ablate_channels
from explainers.kit.crops import cut
from models import imagesets
from models.errors import InputError
from tests.explainers.colours import ALL, LEFT, RIGHT, colours, scene
from tests.explainers.nets import fingerprint, photo, small_cnn, small_vit


def test_a_neuron_for_red_finds_the_red_patch_here_and_elsewhere(tmp_path: Path) -> None:
    model = colours([30, -5, 0], [-5, 30, 0], [0, 0, 30])
    for name, channel in (("a_green", 1), ("b_red", 0), ("c_blue", 2)):
        Image.fromarray(scene((channel, ALL, LEFT))).save(tmp_path / f"{name}.png")
    found = explain("neurons", model, image=scene((0, ALL, RIGHT), (1, ALL, LEFT)), target=0, images=str(tmp_path))
    assert found.neuron.tolist() == [0, 1], "red supports it, green opposes it, blue is not there"
    assert found.contribution[0] > 0 > found.contribution[1]
    assert [files[0] for files in found.files] == ["b_red.png", "a_green.png"]
    red, green = found.own[:, 40:72, 40:72].mean((1, 2))
    assert red[0] > 3 * (red[1] + 1)
    assert green[1] > 3 * (green[0] + 1)
    assert found.patches[0, 0, 40:72, 40:72].mean((0, 1))[0] > 200
    assert found.looked == 3
    assert (np.diff(found.strength, axis=1) <= 0).all()


def test_silence_takes_from_the_logits_what_the_neurons_gave() -> None:
    model, x = small_cnn(), None
    x = model.normalise(model.view(photo()).pixels[None])
    layer = model.layer("stage")
    kept = torch.ones(2, layer.shape[0])
    kept[1, 2] = 0
    before = fingerprint(model.network)
    with torch.inference_mode(), ablate_channels(model.network, layer, kept):
        whole, without = model.network(x.expand(2, -1, -1, -1))
    with torch.inference_mode():
        torch.testing.assert_close(whole, model.network(x)[0])
    found = explain("neurons", model, image=photo(), target=1, layer="stage", count=12)
    place = found.neuron.tolist().index(2)
    assert float(whole[1] - without[1]) == pytest.approx(found.contribution[place], rel=1e-3)
    assert fingerprint(model.network) == before


def test_silence_works_on_tokens_too() -> None:
    model = small_vit()
    layer, x = model.layer(None), model.normalise(model.view(photo()).pixels[None])
    kept = torch.zeros(1, layer.shape[0])
    with torch.inference_mode(), ablate_channels(model.network, layer, kept):
        silent = model.network(x)
    assert not torch.allclose(silent, model.network(x))
    assert explain("neurons", model, image=photo()).by == "nothing"


def test_evidence_beats_as_many_others() -> None:
    model, lens = small_cnn(), find("neurons")
    params = params_of(lens, {"image": photo(), "count": 2})
    result = lens(model, params, LocalRun(model))
    (score,) = lens.evidence(model, params, result, LocalRun(model)).scores
    assert score.value < score.baselines["without as many others"]
    assert "falls from" in score.reading


def test_names_may_come_from_the_concepts_of_the_class() -> None:
    model = small_cnn()
    found = explain(
        "neurons", model, image=photo(), target=3, images="menagerie", concepts=True, looked=20, layer="stage"
    )
    assert found.by == "concepts"
    assert any("concept" in name or "(" in name for names in found.names for name in names)
    assert "is seen of" in found.sentence


def test_sample_photos_serve_when_no_source_is_given_and_bad_choices_are_refused(tmp_path: Path) -> None:
    model = small_cnn()
    found = explain("neurons", model, image=photo())
    assert found.looked == len(imagesets.samples())
    with pytest.raises(InputError, match="no folder"):
        explain("neurons", model, image=photo(), images=str(tmp_path / "nowhere"))
    photo().pil().save(tmp_path / "cut.png")
    (tmp_path / "cut.png").write_bytes((tmp_path / "cut.png").read_bytes()[:900])
    with pytest.raises(InputError, match="can be read; choose another source"):
        explain("neurons", model, image=photo(), images=str(tmp_path))
    Image.new("RGB", (40, 40)).save(tmp_path / "whole.png")
    assert explain("neurons", model, image=photo(), images=str(tmp_path)).looked == 1
    with pytest.raises(InputError, match="0 to 4"):
        explain("neurons", model, image=photo(), target=70)


def test_a_cut_out_stays_inside_the_picture() -> None:
    pixels = np.arange(60 * 60 * 3, dtype=np.uint8).reshape(60, 60, 3)
    for cell in ((0, 0), (6, 6), (3, 0)):
        assert cut(pixels, cell, (7, 7)).shape == (20, 20, 3)
