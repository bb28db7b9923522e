"""The family's formulas: literal numbers, the papers restated in loops, and other people's implementations."""

import warnings

import numpy as np
import pytest
import torch
from torch import Tensor

from explainers.attribution.methods import cams
from explainers.attribution.methods.maps import class_maps, gradcam_maps
from explainers.attribution.methods.problem import Problem
from explainers.attribution.methods.table import CAMS, layers_of, methods
from explainers.kit.targets import of_classes, of_top
from models.errors import InputError, UnfitError
from tests.explainers.nets import fingerprint, inputs, marked, small_cnn, small_vit

NAMES = tuple(CAMS)
ON_CNN = [name for name in NAMES if not name.startswith("attention")]
A = torch.tensor([[[[1.0, 2.0], [0.0, 1.0]], [[0.0, 1.0], [1.0, 0.0]]]])
G = torch.tensor([[[[1.0, -1.0], [2.0, 2.0]], [[-2.0, 0.0], [4.0, 2.0]]]])


def ask_of(model, batch: int = 1, target: int = 1, layer: str | None = None, **more) -> Problem:
    classes = torch.full((batch,), target)
    return Problem(model, inputs(model, batch), of_classes(classes), model.layer(layer), **more)


def test_channel_weights_by_hand() -> None:
    assert cams.gradcam(A, G).tolist() == [[1.0, 1.0]]
    assert cams.counterfactual(A, G).tolist() == [[-1.0, -1.0]]
    # Channel 0: sum A = 4, sum A G = 1 - 2 + 0 + 2 = 1. Channel 1: sum A = 2, sum A G = 4.
    assert cams.xgradcam(A, G).tolist() == [[0.25, 2.0]]
    assert cams.xgradcam(0 * A, G).tolist() == [[0.0, 0.0]]


def test_place_weights_by_hand() -> None:
    assert cams.signed_map(A, cams.hirescam(A, G)).tolist() == [[[1.0, -2.0], [4.0, 2.0]]]
    assert cams.signed_map(A, cams.layercam(A, G)).tolist() == [[[1.0, 0.0], [4.0, 2.0]]]
    assert cams.signed_map(A, cams.gradcam(A, G)).tolist() == [[[1.0, 3.0], [1.0, 1.0]]]


def test_gradcam_plus_plus_in_loops() -> None:
    expected = []
    for k in range(2):
        total, weight = float(A[0, k].sum()), 0.0
        for g in G[0, k].flatten().tolist():
            below = 2 * g**2 + total * g**3
            weight += (g**2 / below if g != 0 and below != 0 else 0.0) * max(g, 0)
        expected.append(weight)
    np.testing.assert_allclose(cams.gradcam_plus_plus(A, G)[0], expected, rtol=1e-6)


def test_smooth_gradcam_plus_plus_takes_means_of_powers() -> None:
    noisy = torch.stack([G, 3 * G])
    one, two, three = ((noisy**power).mean(0) for power in (1, 2, 3))
    alpha = two / (2 * two + A.sum((2, 3), keepdim=True) * three)
    expected = (alpha.nan_to_num(0) * one.clamp(min=0)).sum((2, 3))
    torch.testing.assert_close(cams.smooth_gradcam_plus_plus(A, noisy), expected)
    torch.testing.assert_close(cams.smooth_gradcam_plus_plus(A, torch.stack([G, G])), cams.gradcam_plus_plus(A, G))


def test_eigencam_is_the_first_right_singular_vector() -> None:
    generator = torch.Generator().manual_seed(0)
    maps = torch.rand(2, 5, 3, 4, generator=generator)
    for row, weights in enumerate(cams.eigencam(maps)):
        flat = maps[row].flatten(1).T.double().numpy()
        right = np.linalg.svd(flat)[2][0]
        right = right * np.sign((flat @ right).sum())
        np.testing.assert_allclose(weights, right, atol=1e-6)
    assert not cams.eigencam(torch.zeros(1, 3, 2, 2)).any()


def test_weights_from_scores_by_hand() -> None:
    np.testing.assert_allclose(cams.scorecam(torch.tensor([[0.0, np.log(3)]])), [[0.25, 0.75]], rtol=1e-6)
    assert cams.ablationcam(torch.tensor([4.0]), torch.tensor([[3.0, 6.0]])).tolist() == [[0.25, -0.5]]
    assert cams.ablationcam(torch.tensor([-4.0]), torch.tensor([[-5.0]])).tolist() == [[0.25]]


def test_fusing_scales_enlarges_and_averages() -> None:
    small, large = torch.tensor([[[2.0]]]), torch.tensor([[[-4.0, 0.0], [0.0, 2.0]]])
    assert cams.fuse([small, large]).tolist() == [[[0.0, 0.5], [0.5, 0.75]]]


@pytest.mark.parametrize("name", NAMES)
def test_a_batch_of_two_is_two_singles(name: str) -> None:
    model = small_cnn() if name in ON_CNN else small_vit()
    x, targets = inputs(model), torch.tensor([1, 4])
    layer = model.layer("stage") if name in ON_CNN else model.layer(None)
    both = CAMS[name].solve(Problem(model, x, of_classes(targets), layer)).cam
    for row in range(2):
        one = CAMS[name].solve(Problem(model, x[row : row + 1], of_classes(targets[row : row + 1]), layer)).cam
        torch.testing.assert_close(both[row], one[0], rtol=1e-3, atol=1e-5 * float(both.abs().max()))


@pytest.mark.parametrize("name", NAMES)
def test_every_method_leaves_the_model_as_found_also_after_an_exception(name: str) -> None:
    model = marked(small_cnn() if name in ON_CNN else small_vit())
    before = fingerprint(model.network)
    CAMS[name].solve(ask_of(model))
    assert fingerprint(model.network) == before

    def fail(_logits: Tensor, _rows: Tensor) -> Tensor:
        raise RuntimeError("in the middle")

    broken = Problem(model, inputs(model, 1), of_top().__class__(fail), model.layer(None))
    if CAMS[name].for_class or name == "eigencam":
        with pytest.raises(RuntimeError, match="in the middle"):
            CAMS[name].solve(broken)
    assert fingerprint(model.network) == before


@pytest.mark.parametrize("name", ON_CNN)
def test_maps_of_several_layers_are_fused(name: str) -> None:
    model = small_cnn()
    found = CAMS[name].solve(ask_of(model), layers_of(model, ("stem", "stage")))
    assert found.cam.shape == (1, 16, 16)
    assert found.alpha.shape == (1, 14)
    assert found.cam.abs().max() <= 1


def slow_ablation(model, x: Tensor, target: int, layer: str) -> np.ndarray:
    """Every channel set to zero by a hook, one full forward pass each."""
    with torch.no_grad():
        score = float(model.network(x)[0, target])
        weights = []
        for channel in range(model.layer(layer).shape[0]):

            def zero(_module, _inputs, output: Tensor, channel: int = channel) -> Tensor:
                output = output.clone()
                model.layer(layer).as_map(output)[:, channel] = 0
                return output

            handle = model.network.get_submodule(layer).register_forward_hook(zero)
            weights.append((score - float(model.network(x)[0, target])) / abs(score))
            handle.remove()
    return np.array(weights)


@pytest.mark.parametrize(
    ("make", "layer"),
    [(small_cnn, "stem"), (small_cnn, "stage"), (small_vit, "blocks.0"), (small_vit, "blocks.1.norm1")],
)
def test_ablation_is_what_a_full_forward_pass_a_channel_gives(make, layer: str) -> None:
    model = make()
    found = CAMS["ablationcam"].solve(ask_of(model, layer=layer))
    slow = slow_ablation(model, inputs(model, 1), 1, layer)
    np.testing.assert_allclose(found.alpha[0], slow, rtol=1e-3, atol=1e-5 * np.abs(slow).max())


def test_ablation_needs_no_forward_passes_before_a_linear_head() -> None:
    model, calls = small_cnn(), []
    model.network.register_forward_hook(lambda *_: calls.append(1))
    CAMS["ablationcam"].solve(ask_of(model, layer="stage"))
    assert len(calls) == 1


def slow_scorecam(model, x: Tensor, target: int, layer: str) -> np.ndarray:
    """Wang et al. 2020, algorithm 1, a mask at a time."""
    body, _ = model.split(layer)
    scores = []
    with torch.no_grad():
        empty = float(model.network(0 * x)[0, target])
        for channel in model.layer(layer).as_map(body(x))[0]:
            mask = torch.nn.functional.interpolate(channel[None, None], x.shape[2:], mode="bilinear")
            spread = mask.max() - mask.min()
            mask = (mask - mask.min()) / spread if spread > 0 else 0 * mask
            scores.append(float(model.network(x * mask)[0, target]) - empty)
    return np.exp(scores) / np.exp(scores).sum()


def test_scorecam_is_the_paper_a_mask_at_a_time() -> None:
    model = small_cnn()
    found = CAMS["scorecam"].solve(ask_of(model, layer="stem", groups=0))
    np.testing.assert_allclose(found.alpha[0], slow_scorecam(model, inputs(model, 1), 1, "stem"), rtol=1e-4)


def test_as_many_groups_as_channels_is_no_approximation_and_fewer_share_their_score() -> None:
    model = small_cnn()
    exact, same, few = (CAMS["scorecam"].solve(ask_of(model, layer="stem", groups=n)).alpha[0] for n in (0, 8, 3))
    torch.testing.assert_close(exact, same)
    assert 1 < len(few.unique()) <= 3
    torch.testing.assert_close(few, CAMS["scorecam"].solve(ask_of(model, layer="stem", groups=3)).alpha[0])


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [("gradcam++", "GradCAMPlusPlus"), ("xgradcam", "XGradCAM"), ("hirescam", "HiResCAM"), ("layercam", "LayerCAM")],
)
def test_grad_cam_gives_the_same_maps(ours: str, theirs: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pytorch_grad_cam
        from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
    model = small_cnn()
    model.network.head.weight.data *= 1000  # grad-cam adds 1e-6 below its fractions; here that is nothing
    found = CAMS[ours].solve(ask_of(model, layer="stage")).cam.clamp(min=0)[0]
    with getattr(pytorch_grad_cam, theirs)(model=model.network, target_layers=[model.network.bomb]) as peer:
        peer(inputs(model, 1), [ClassifierOutputTarget(1)])
        layer, grads = (
            peer.activations_and_grads.activations[0].numpy(),
            peer.activations_and_grads.gradients[0].numpy(),
        )
        theirs_map = peer.get_cam_image(None, model.network.bomb, None, layer, grads, False).clip(0)[0]
    assert found.any()
    np.testing.assert_allclose(found, theirs_map, rtol=1e-3, atol=1e-4 * float(found.max()))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_torchcam_gives_the_same_layercam() -> None:
    from torchcam.methods import LayerCAM

    model = small_cnn()
    found = CAMS["layercam"].solve(ask_of(model)).cam[0].clamp(min=0)
    with LayerCAM(model.network, model.network.bomb) as peer:
        (theirs,) = peer(1, model.network(inputs(model, 1).requires_grad_()), normalized=False)
    torch.testing.assert_close(found, theirs[0].detach(), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("layer", ["stage", "stem"])
def test_many_classes_at_once_are_their_gradcams(layer: str) -> None:
    model = small_cnn()
    x = inputs(model, 1)
    maps = class_maps(model, x, [4, 0, 2], layer)
    for row, index in enumerate((4, 0, 2)):
        torch.testing.assert_close(
            maps[row], gradcam_maps(model, x, torch.tensor([index]), layer).cam[0], rtol=1e-4, atol=1e-6
        )
    with pytest.raises(InputError, match="0 to 4"):
        class_maps(model, x, [5], layer)


def test_methods_are_the_table_and_give_signed_maps_of_a_batch() -> None:
    found = methods()
    assert set(NAMES) <= set(found)
    model = small_cnn()
    x, targets = inputs(model, 2), torch.tensor([0, 3])
    plain, against = (found[name].map(model, x, targets) for name in ("gradcam", "counterfactual"))
    torch.testing.assert_close(plain, gradcam_maps(model, x, targets).cam)
    torch.testing.assert_close(plain, -against)
    assert all(method.cost_forwards >= 1 and method.paper.startswith("https://") for method in found.values())


@pytest.mark.parametrize("name", ["attention_rollout", "attention_gradient"])
def test_attention_methods_refuse_networks_without_attention_and_say_what_to_choose(name: str) -> None:
    with pytest.raises(UnfitError, match="choose gradcam"):
        CAMS[name].solve(ask_of(small_cnn()))
