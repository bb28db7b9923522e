"""Grad-CAM against the paper restated slowly, and against a network worked out by hand."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import explainers
import models
from explainers.attribution.methods.maps import gradcam_maps, heatmap
from explainers.attribution.sentences import AboutMap, half_share, place_of, sentence
from models.errors import InputError, UnfitError
from tests.explainers.nets import inputs, photo, seeded, small_cnn, small_vit


def slow_gradcam(model: models.ModelHandle, x: Tensor, target: int, layer: str) -> np.ndarray:
    """Selvaraju et al. 2017, equations 1 and 2 without the ReLU: sums written out, gradients of the whole network."""
    kept = {}
    handle = model.network.get_submodule(layer).register_forward_hook(lambda _m, _i, out: kept.update(a=out))
    x = x.clone().requires_grad_()
    score = model.network(x)[0, target]
    handle.remove()
    activation = model.layer(layer).as_map(kept["a"])[0].detach().double().numpy()
    gradient = model.layer(layer).as_map(torch.autograd.grad(score, kept["a"])[0])[0].double().numpy()
    channels, rows, columns = activation.shape
    cam = np.zeros((rows, columns))
    for k in range(channels):
        alpha = sum(gradient[k, i, j] for i in range(rows) for j in range(columns)) / (rows * columns)
        for i in range(rows):
            for j in range(columns):
                cam[i, j] += alpha * activation[k, i, j]
    return cam


class ByHand(nn.Module):
    """A 1x1 convolution into two channels (red minus green, blue), mean pooling, two classes."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 2, 1, bias=False)
        self.head = nn.Linear(2, 2, bias=False)
        with torch.no_grad():
            self.conv.weight.copy_(torch.tensor([[1.0, -1.0, 0.0], [0.0, 0.0, 1.0]])[:, :, None, None])
            self.head.weight.copy_(torch.tensor([[4.0, -8.0], [0.0, 8.0]]))

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.head(self.conv(x).mean((2, 3)))
        return out


@pytest.fixture
def by_hand() -> models.ModelHandle:
    return models.wrap(ByHand(), input_size=(3, 2, 2), mean=(0.0,) * 3, std=(1.0,) * 3, labels=("a", "b"), device="cpu")


def test_numbers_worked_out_by_hand(by_hand: models.ModelHandle) -> None:
    red = torch.tensor([[1.0, 0.0], [0.0, 0.0]])
    green = torch.tensor([[0.0, 1.0], [0.0, 0.0]])
    blue = torch.tensor([[0.0, 0.0], [1.0, 0.5]])
    maps = gradcam_maps(by_hand, torch.stack([red, green, blue])[None], torch.tensor([0]), "conv")
    # A_0 = [[1, -1], [0, 0]], A_1 = [[0, 0], [1, .5]]; alpha_k = w_k / 4 = (1, -2).
    assert maps.alpha.tolist() == [[1.0, -2.0]]
    assert maps.cam.tolist() == [[[1.0, -1.0], [-2.0, -1.0]]]
    assert maps.logits.tolist() == [[-8 * 0.375, 8 * 0.375]]


def test_counterfactual_is_the_map_with_the_sign_turned(by_hand: models.ModelHandle) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (2, 2, 3), dtype=np.uint8)
    for_it, against = (
        explainers.explain("gradcam", by_hand, image=picture, target=0, method=method, layer="conv")
        for method in ("gradcam", "counterfactual")
    )
    np.testing.assert_array_equal(against.cam, -for_it.cam)
    assert against.heatmap.shape == (2, 2)
    assert ((against.heatmap > 0) & (for_it.heatmap > 0)).sum() == 0


@pytest.mark.parametrize("layer", ["stem", "stage", "stage.0"])
@pytest.mark.parametrize("target", [0, 3])
def test_the_paper_restated_slowly(layer: str, target: int) -> None:
    model = small_cnn()
    x = inputs(model, 1)
    fast = gradcam_maps(model, x, torch.tensor([target]), layer).cam[0].numpy()
    slow = slow_gradcam(model, x, target, layer)
    np.testing.assert_allclose(fast, slow, rtol=1e-5, atol=1e-6 * np.abs(slow).max())


def test_the_paper_restated_on_a_transformer() -> None:
    model = small_vit()
    x, layer = inputs(model, 1), model.layer(None).name
    fast = gradcam_maps(model, x, torch.tensor([2])).cam[0].numpy()
    slow = slow_gradcam(model, x, 2, layer)
    np.testing.assert_allclose(fast, slow, rtol=1e-4, atol=1e-6 * np.abs(slow).max())


@pytest.mark.parametrize("make", [small_cnn, small_vit])
def test_a_batch_of_two_is_two_singles(make) -> None:
    model = make()
    x, targets = inputs(model), torch.tensor([1, 4])
    both = gradcam_maps(model, x, targets)
    for index in range(2):
        one = gradcam_maps(model, x[index : index + 1], targets[index : index + 1])
        torch.testing.assert_close(both.cam[index], one.cam[0], rtol=1e-4, atol=1e-6)
        torch.testing.assert_close(both.alpha[index], one.alpha[0], rtol=1e-4, atol=1e-7)
        torch.testing.assert_close(both.logits[index], one.logits[0], rtol=1e-4, atol=1e-6)


def test_without_a_target_each_picture_explains_its_own_answer() -> None:
    model = small_cnn()
    x = inputs(model, 3)
    open_ = gradcam_maps(model, x)
    torch.testing.assert_close(open_.cam, gradcam_maps(model, x, open_.logits.argmax(1)).cam)


def test_a_frozen_model_is_explained_and_inference_mode_does_not_matter() -> None:
    model = small_cnn()
    x = inputs(model, 1)
    expected = gradcam_maps(model, x, torch.tensor([0])).cam
    model.network.requires_grad_(False)
    torch.testing.assert_close(gradcam_maps(model, x, torch.tensor([0])).cam, expected)
    with torch.no_grad():
        torch.testing.assert_close(gradcam_maps(model, x, torch.tensor([0])).cam, expected)


def test_result_is_what_the_spec_names() -> None:
    model = small_cnn()
    result = explainers.explain("gradcam", model, image=photo())
    assert result.image.dtype == np.uint8
    assert result.image.shape == (32, 32, 3)
    assert result.cam.dtype == result.heatmap.dtype == result.alpha.dtype == result.logits.dtype == np.float32
    assert result.cam.shape == model.layer(None).shape[1:]
    assert result.alpha.shape == (model.layer(None).shape[0],)
    assert result.heatmap.shape == (32, 32)
    assert result.heatmap.min() >= 0
    assert result.target == int(result.logits.argmax()) == result.top5[0][0]
    assert result.probability == pytest.approx(float(torch.from_numpy(result.logits).softmax(0)[result.target]))
    assert [row[2] for row in result.top5] == sorted((row[2] for row in result.top5), reverse=True)


def test_cam_is_alpha_weighted_activations_of_the_layer() -> None:
    model = small_cnn()
    result = explainers.explain("gradcam", model, image=photo(), target=2, layer="stem")
    body, _ = model.split("stem")
    with torch.no_grad():
        activation = body(model.normalise(result.image[None]))[0].numpy()
    np.testing.assert_allclose(result.cam, np.tensordot(result.alpha, activation, 1), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(("target", "words"), [(99999, "from 0 to 4"), (5, "from 0 to 4")])
def test_a_class_that_is_not_there_is_refused_with_the_range(target: int, words: str) -> None:
    with pytest.raises(InputError, match=words):
        explainers.explain("gradcam", small_cnn(), image=photo(), target=target)


def test_a_layer_that_is_not_there_is_refused_with_good_ones() -> None:
    with pytest.raises(InputError, match=r"no layer 'layer9'.*stage"):
        explainers.explain("gradcam", small_cnn(), image=photo(), layer="layer9")
    with pytest.raises(InputError, match="no layer 'head'"):
        explainers.explain("gradcam", small_cnn(), image=photo(), layer="head")


def test_where_patches_no_longer_count_it_says_so_and_names_a_layer_that_works() -> None:
    model = small_vit()
    with pytest.raises(UnfitError, match=r"At layer 'blocks.1'.*exactly zero.*choose 'blocks.1.norm1'"):
        explainers.explain("gradcam", model, image=photo(), layer="blocks.1")
    assert explainers.explain("gradcam", model, image=photo(), layer="blocks.1.norm1").cam.any()


def test_heatmap_is_relu_bilinear_over_its_maximum() -> None:
    cam = np.array([[-1.0, 3.0]], np.float32)
    # Bilinear from 2 to 4 columns, align_corners=False: 0, .25, .75, 1 of the way from 0 to 3.
    np.testing.assert_allclose(heatmap(cam, (1, 4)), [[0, 0.25, 0.75, 1]], atol=1e-6)
    assert not heatmap(-np.abs(cam), (4, 4)).any()
    assert not heatmap(np.zeros((2, 2), np.float32), (4, 4)).any()


def test_words_say_where_and_how_much() -> None:
    spot = np.zeros((9, 9), np.float32)
    spot[0, 8] = 1
    assert place_of(spot) == "upper right"
    assert place_of(np.pad(np.ones((1, 1)), 4)) == "middle"
    assert place_of(np.eye(9)[:, [4]] @ np.eye(9)[[8]]) == "right side"
    assert half_share(spot) == pytest.approx(1 / 81)
    assert half_share(np.ones((4, 4), np.float32)) == pytest.approx(0.5)
    assert sentence(spot, "tabby, tabby cat", 0.004).startswith(
        "The upper right of the picture supports *tabby* most (probability under 1%): half"
    )
    middle = np.eye(9, dtype=np.float32)[:, [4]] @ np.eye(9, dtype=np.float32)[[4]]
    assert (
        sentence(middle, "tabby", 0.5) == "Half of what supports *tabby* (probability 50%) lies in 1% of the picture."
    )
    assert "under 1%" in sentence(spot, "tabby", 0.004)
    assert sentence(0 * spot, "dog", 0.5, AboutMap(against=True)).startswith("Nothing in this picture opposes *dog*")


def test_seeded_nets_are_the_same_in_every_test() -> None:
    first, second = (seeded(ByHand(), 3).state_dict() for _ in range(2))
    assert all(torch.equal(first[name], second[name]) for name in first)
