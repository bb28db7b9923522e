"""Where an answer goes wrong: worlds in which the kind of mistake is known."""

import numpy as np
import pytest
import torch
from torch import nn

from explainers import LocalRun, explain, find, params_of
from explainers.attribution.methods.maps import gradcam_maps
from explainers.attribution.mistake import likeness_to, overlap_of, place_mask
from models.errors import InputError
from tests.explainers.colours import ALL, LEFT, RIGHT, colours, scene
from tests.explainers.nets import fingerprint, photo, small_cnn


def test_two_things_in_the_picture_may_both_be_right() -> None:
    model = colours([30, -5, 0], [-5, 29, 0], [0, 0, 30])
    found = explain("mistake", model, image=scene((0, ALL, LEFT), (1, ALL, RIGHT)), truth=1)
    assert (found.target, found.kind) == (0, "several")
    assert found.rows[0].place == "left side"
    assert found.rows[1].place == "right side"
    assert found.rows[1].overlap == 0
    assert found.after == "class 1", "without the red patch it is the green one"
    assert "each of which may be right" in found.sentence


def test_close_names_for_one_thing_are_told_by_place_and_weights() -> None:
    model = colours([30, 1, 0], [29, 2, 0], [0, 30, 0], [0, 0, 30], [5, 5, 30], [0, 30, 30])
    found = explain("mistake", model, image=scene((0, ALL, LEFT)))
    assert (found.target, found.truth, found.kind) == (0, 1, "fine")
    assert not found.given
    assert "its second answer" in found.sentence
    assert found.rows[1].overlap > 0.9


def test_a_cue_beside_the_thing_is_named_when_the_true_class_cannot_stand_alone() -> None:
    # A small red mark decides for class 0; green supports class 1, too weakly to be told from the others by itself.
    model = colours([2000, 0, 0], [0, 3, 0], *[[0, 0, 0]] * 18)
    mark = (0, slice(32, 36), slice(12, 16))
    found = explain("mistake", model, image=scene(mark, (1, ALL, RIGHT)), truth=1)
    assert found.rows[0].probability > 0.9
    assert found.rows[1].alone < 0.1
    assert (found.kind, found.after) == ("cue", "class 1")
    assert "cue beside the thing" in found.sentence


def test_the_difference_is_the_map_of_the_logit_difference() -> None:
    model = small_cnn()
    top = explain("mistake", model, image=photo()).target
    found = explain("mistake", model, image=photo(), truth=(top + 1) % 5)
    x = model.normalise(found.image[None])
    one, other = (gradcam_maps(model, x, torch.tensor([index]), found.layer).cam[0] for index in (top, (top + 1) % 5))
    np.testing.assert_allclose(found.cam, one - other, atol=1e-6)


def test_the_right_answer_is_said_to_be_right() -> None:
    model = small_cnn()
    before = fingerprint(model.network)
    top = explain("mistake", model, image=photo()).target
    found = explain("mistake", model, image=photo(), truth=top)
    assert found.kind == "right"
    assert "which is the class that was given" in found.sentence
    assert fingerprint(model.network) == before


def test_fates_are_the_probabilities_of_blurred_pictures_written_out() -> None:
    from explainers.attribution.methods.maps import heatmap
    from explainers.evidence.baselines import blurred
    from explainers.kit.predict import probabilities

    model = small_cnn()
    found = explain("mistake", model, image=photo())
    for row, values in zip(found.rows, found.maps, strict=True):
        place = place_mask(heatmap(values, found.image.shape[:2]))[..., None]
        alone = np.where(place, found.image, blurred(found.image))
        assert row.alone == pytest.approx(probabilities(model, alone[None], row.index)[0], abs=1e-5)


def test_a_place_holds_half_of_the_map_and_no_more_than_it_must() -> None:
    heat = np.array([[8.0, 4.0], [2.0, 2.0]])
    np.testing.assert_array_equal(place_mask(heat), [[True, False], [False, False]])
    assert not place_mask(np.zeros((2, 2))).any()
    assert overlap_of(np.array([[True, True]]), np.array([[True, False]])) == 0.5
    assert overlap_of(np.zeros((2, 2), bool), np.zeros((2, 2), bool)) == 0


def test_likeness_ranks_the_classes_by_the_direction_of_their_weights() -> None:
    head = nn.Linear(2, 4, bias=False)
    head.weight.data = torch.tensor([[1.0, 0.0], [5.0, 0.5], [0.0, 1.0], [-1.0, 0.0]])
    np.testing.assert_allclose(likeness_to(head, 0, 4), [1, 2 / 3, 1 / 3, 0])
    assert np.isnan(likeness_to(nn.Conv2d(1, 1, 1), 0, 4)).all()


def test_evidence_is_about_the_difference_and_bad_classes_are_refused() -> None:
    model, lens = small_cnn(), find("mistake")
    params = params_of(lens, {"image": photo()})
    result = lens(model, params, LocalRun(model))
    names = [score.name for score in lens.evidence(model, params, result, LocalRun(model)).scores]
    assert names == ["deletion", "insertion", "randomisation"]
    with pytest.raises(InputError, match="0 to 4"):
        explain("mistake", model, image=photo(), truth=77)
