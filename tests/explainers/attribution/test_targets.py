"""Targets as callables: each against the gradient that it should have."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import explainers
from explainers.attribution.methods.maps import gradcam_maps
from explainers.attribution.methods.problem import Problem
from explainers.attribution.methods.table import CAMS
from explainers.kit.hooks import activations_and_gradients
from explainers.kit.targets import embedding, of_classes, of_difference, of_neuron, of_similarity, of_top
from models import Layer
from models.errors import InputError
from tests.explainers.nets import inputs, photo, seeded, small_cnn


def cam(model, target, layer: str = "stage", method: str = "gradcam") -> Tensor:
    return CAMS[method].solve(Problem(model, inputs(model, 1), target, model.layer(layer), groups=0)).cam[0]


def test_difference_of_logits_is_the_difference_of_maps() -> None:
    model = small_cnn()
    one, other = torch.tensor([1]), torch.tensor([3])
    both = cam(model, of_classes(one)) - cam(model, of_classes(other))
    torch.testing.assert_close(cam(model, of_difference(one, other)), both, rtol=1e-4, atol=1e-7)
    torch.testing.assert_close(cam(model, of_difference(other, one)), -both, rtol=1e-4, atol=1e-7)


def test_rather_than_through_the_explainer() -> None:
    model = small_cnn()
    result = explainers.explain("gradcam", model, image=photo(), target=1, versus=3)
    x = model.normalise(result.image[None])
    both = gradcam_maps(model, x, torch.tensor([1])).cam - gradcam_maps(model, x, torch.tensor([3])).cam
    np.testing.assert_allclose(result.cam, both[0], rtol=1e-3, atol=1e-6)
    assert "*class 1* rather than *class 3*" in result.sentence
    assert result.versus == 3
    for versus, words in ((1, "cannot be set against itself"), (9, "0 to 4")):
        with pytest.raises(InputError, match=words):
            explainers.explain("gradcam", model, image=photo(), target=1, versus=versus)


def test_rather_than_with_the_class_left_open_takes_the_first_answer() -> None:
    model = small_cnn()
    top = explainers.explain("gradcam", model, image=photo()).target
    other = (top + 1) % 5
    left_open, named = (
        explainers.explain("gradcam", model, image=photo(), versus=other, **more) for more in ({}, {"target": top})
    )
    np.testing.assert_array_equal(left_open.cam, named.cam)
    assert left_open.target == top


def test_neuron_of_the_layer_itself_weighs_its_own_channel_only() -> None:
    model = small_cnn()
    layer = model.layer("stage")
    x = inputs(model, 1)
    for place in (None, (2, 3)):
        target = of_neuron(layer, 2, place)
        found = CAMS["gradcam"].solve(Problem(model, x, target, model.layer("stage.1")))
        assert found.alpha.shape == (1, 6)
        assert torch.count_nonzero(found.alpha) == 1, "only the channel itself counts"
        assert 0 < float(found.alpha[0, 2]) <= 1 / 64
    with pytest.raises(InputError, match="no channel 6: choose one from 0 to 5"):
        of_neuron(layer, 6)


def test_similarity_to_its_own_embedding_is_one_and_its_gradient_zero() -> None:
    model = small_cnn()
    x = inputs(model, 2)
    vector = embedding(model, x[:1], "stage")
    target = of_similarity(vector, "stage")
    with torch.no_grad():
        body, _ = model.split("stage")
        scores = target.score(body(x), torch.arange(2))
    assert float(scores[0]) == pytest.approx(1, abs=1e-5)
    assert float(scores[1]) < 1
    found = CAMS["gradcam"].solve(Problem(model, x, target, model.layer("stem")))
    assert found.cam[1].abs().max() > 100 * found.cam[0].abs().max()


def test_similarity_of_the_answer_needs_no_layer() -> None:
    model = small_cnn()
    vector = embedding(model, inputs(model, 1), "")
    torch.testing.assert_close(vector, model.network(inputs(model, 1))[0].detach())
    assert cam(model, of_similarity(vector.flip(0))).any()


@pytest.mark.parametrize("method", ["scorecam", "smooth_gradcam++", "layercam"])
def test_methods_take_inner_targets(method: str) -> None:
    model = small_cnn()
    assert cam(model, of_neuron(model.layer("stage"), 1), "stem", method).any()


@pytest.mark.parametrize(("layer", "at"), [("stem", "stage"), ("stage", "stage")])
def test_ablation_of_an_inner_target_is_what_a_full_forward_pass_a_channel_gives(layer: str, at: str) -> None:
    model = small_cnn()
    x, target = inputs(model, 1), of_neuron(model.layer(at), 1)
    found = CAMS["ablationcam"].solve(Problem(model, x, target, model.layer(layer)))
    with torch.no_grad():
        whole, weights = float(target.of_inputs(model.network, x)), []
        for channel in range(model.layer(layer).shape[0]):

            def zero(_module, _inputs, output: Tensor, channel: int = channel) -> Tensor:
                output = output.clone()
                output[:, channel] = 0
                return output

            handle = model.network.get_submodule(layer).register_forward_hook(zero)
            weights.append((whole - float(target.of_inputs(model.network, x))) / abs(whole))
            handle.remove()
    np.testing.assert_allclose(found.alpha[0], weights, rtol=1e-3, atol=1e-5)
    assert np.any(weights)


def test_first_answers_are_resolved_before_pictures_are_changed() -> None:
    model = small_cnn()
    top = int(model.network(inputs(model, 1)).argmax())
    for method in ("scorecam", "smooth_gradcam++", "ablationcam"):
        torch.testing.assert_close(
            cam(model, of_top(), method=method), cam(model, of_classes(torch.tensor([top])), method=method)
        )


def test_a_network_that_answers_with_maps_is_explained_by_any_score() -> None:
    network = seeded(nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.Conv2d(4, 3, 1)))
    layer, x = (
        Layer(name="1", shape=(4, 8, 8), layout="nchw"),
        torch.randn(1, 3, 8, 8, generator=torch.Generator().manual_seed(0)),
    )
    where = torch.zeros(8, 8, dtype=torch.bool)
    where[2:4, 2:4] = True
    _, gradients, _ = activations_and_gradients(network, layer, x, lambda output: output[:, 1, where].mean(1))
    expected = network[2].weight[1].detach()[None] * where / 4
    torch.testing.assert_close(gradients, expected.expand_as(gradients))
