"""Side by side: methods, layers, neurons in words, two groups."""

import numpy as np
import pytest
import torch

from explainers import LocalRun, explain, find, params_of
from explainers.attribution.groups.statistics import statistics
from explainers.attribution.methods.maps import gradcam_maps
from explainers.attribution.neurons.importance import Neuron, NeuronWords, cohens_d, difference, neuron_words
from explainers.evidence import agreement, rank_correlation
from models.errors import InputError, UnfitError
from tests.explainers.nets import fingerprint, inputs, photo, small_cnn, small_vit

NAMES = "gradcam,counterfactual,attention_rollout,saliency"


def test_methods_stand_side_by_side_and_the_unfit_one_is_named_with_its_reason() -> None:
    model, told = small_cnn(), []
    before = fingerprint(model.network)
    run = LocalRun(model, 0, lambda _fraction, note: told.append(note))
    found = explain("compare", model, image=photo(), target=1, methods=NAMES, run=run)
    assert found.names == ("gradcam", "counterfactual", "saliency")
    assert found.maps.shape == (3, *found.image.shape[:2])
    assert found.agreement[0, 1] == pytest.approx(-1)
    np.testing.assert_allclose(np.diag(found.agreement), 1)
    np.testing.assert_allclose(found.agreement, found.agreement.T)
    ((title, reason),) = found.refused
    assert title == "Attention rollout"
    assert "choose gradcam" in reason
    assert sum("of 4" in note for note in told) == 4
    assert "against stands most apart" in found.sentence
    assert fingerprint(model.network) == before


def test_what_cannot_be_compared_is_one_sentence() -> None:
    model = small_cnn()
    with pytest.raises(UnfitError, match="choose"):
        explain("compare", model, image=photo(), target=1, methods="attention_rollout")
    with pytest.raises(InputError, match="no method 'magic'"):
        explain("compare", model, image=photo(), methods="gradcam,magic")
    with pytest.raises(InputError, match="does not look at layers"):
        explain("compare", model, image=photo(), over="layers", method="rise")
    with pytest.raises(InputError, match="0 to 4"):
        explain("compare", model, image=photo(), target=9)


def test_a_sweep_goes_through_the_layers_and_names_those_that_carry_nothing() -> None:
    model = small_vit()
    found = explain("compare", model, image=photo(), target=1, over="layers")
    assert "blocks.1.norm1" in found.names
    assert any(title.startswith("blocks.1,") and "exactly zero" in reason for title, reason in found.refused)
    small = small_cnn()
    swept = explain("compare", small, image=photo(), target=1, over="layers")
    assert swept.names.index("stem") < swept.names.index("stage")
    x = small.normalise(swept.image[None])
    cam = gradcam_maps(small, x, torch.tensor([1]), "stage").cam
    large = torch.nn.functional.interpolate(cam[None], size=(32, 32), mode="bilinear")[0, 0]
    np.testing.assert_allclose(swept.maps[swept.names.index("stage")], large, atol=1e-6)


def test_evidence_sets_every_map_beside_the_controls() -> None:
    model = small_cnn()
    lens, chosen = find("compare"), {"image": photo(), "target": 1, "methods": "gradcam,counterfactual"}
    params = params_of(lens, chosen)
    result = lens(model, params, LocalRun(model))
    gain, agreed = lens.evidence(model, params, result, LocalRun(model)).scores
    assert {"centre", "random map"} < set(gain.baselines)
    assert gain.of in result.titles
    assert gain.value == max(gain.value, *(gain.baselines[title] for title in result.titles if title != gain.of))
    assert agreed.value == pytest.approx(-1)
    assert abs(agreed.baselines["random maps"]) < 0.2


def test_agreement_is_spearman_and_a_constant_map_agrees_with_nothing() -> None:
    ramp, noise = np.arange(16.0).reshape(4, 4), np.random.default_rng(0).random((4, 4))
    found = agreement([ramp, ramp**2, np.ones((4, 4)), noise])
    assert found[0, 1] == pytest.approx(1), "only the order counts"
    assert found[0, 3] == pytest.approx(rank_correlation(ramp, noise))
    assert (found[:, 2] == 0).all()


def test_neurons_before_a_linear_head_are_its_weights_and_have_names() -> None:
    model = small_cnn()
    x = inputs(model, 1)
    found = neuron_words(model, x, 2, "stage", count=6)
    weight = model.network.head.weight.detach()
    for each in (*found.positive, *found.negative):
        assert each.importance == pytest.approx(float(weight[2, each.index]) / 64, rel=1e-4)
        assert set(each.names) <= set(model.card.labels)
    score = float((model.network(x)[0, 2] - model.network.head.bias[2]).detach())
    total = sum(each.contribution for each in (*found.positive, *found.negative))
    assert total == pytest.approx(score, rel=1e-3), "contributions of all neurons add up to the score"
    given = [each.contribution for each in found.positive]
    assert given == sorted(given, reverse=True)
    assert found.sentence.startswith("*class 2*")


def test_neurons_deeper_inside_have_no_names_and_the_sentence_says_so() -> None:
    model = small_cnn()
    found = neuron_words(model, inputs(model, 1), 2, "stem")
    assert all(each.names == () for each in found.positive)
    assert "no linear head" in found.sentence


def test_the_sentence_by_hand() -> None:
    ears, fur, sofa = (Neuron(0, 1.0, 1.0, names) for names in (("lynx", "tabby"), ("tabby", "zebra"), ("sofa",)))
    words = NeuronWords("tabby", (ears, fur), (sofa,))
    assert (
        words.sentence == "*tabby*, because of what also supports *lynx* and *zebra*; in spite of what supports *sofa*."
    )
    assert NeuronWords("tabby", (), (sofa,)).sentence == "*tabby*; in spite of what supports *sofa*."


def test_cohens_d_by_hand() -> None:
    a, b = np.array([[1.0, 5.0], [3.0, 5.0]]), np.array([[0.0, 5.0], [2.0, 5.0]])
    np.testing.assert_allclose(cohens_d(a, b), [1 / np.sqrt(2), 0])


def test_two_groups_differ_in_the_neuron_that_sees_the_difference() -> None:
    model = small_cnn()
    x = inputs(model, 6)
    one, other = statistics(model, x, 1, "stage"), statistics(model, -x, 1, "stage")
    same = difference((one.maps, one.maps), (one.given, one.given))
    np.testing.assert_allclose(same.effect, 0, atol=1e-9)
    np.testing.assert_allclose(same.maps[0], same.maps[1])
    found = difference((one.maps, other.maps), (one.given, other.given), count=3)
    assert len(found.neurons) == 3
    assert (np.diff(np.abs(found.effect)) <= 0).all()
    assert np.abs(found.effect[0]) > 0
