"""The rest of the family against torchcam, grad-cam and captum, with their definitions where they differ from ours.

Ours follow the papers. Where a peer does not, the test says its variant again in the words of our own functions, so
that the comparison is exact in what both share:

========================  ==========================================  ===============================================
method, peer              theirs                                      ours
========================  ==========================================  ===============================================
all maps, both peers      ReLU; scaled by minimum and maximum         signed and unscaled; `heatmap` is ReLU, over its
                          (torchcam + 1e-8, grad-cam + 1e-7 below)    maximum
Score-CAM, torchcam       masks scaled to [0, 1], then enlarged       enlarged, then scaled (algorithm 1)
Score-CAM, grad-cam       enlarged with align_corners=True            align_corners=False, as all maps are drawn
Score-CAM, both           softmax of logits; torchcam takes the       softmax of logits, over channels; what is equal
                          whole picture's logit away first            for all channels drops out
Smooth Grad-CAM++,        below the fraction sum_ab A_ab G3_ab;       G3_ij sum_ab A_ab (equation 9); ReLU of the mean
torchcam                  ReLU of the last copy's gradient; map of    gradient, map of the clean picture's activations;
                          the last copy's activations; noise of a     noise is a share of the picture's range, seeded;
                          fixed size, from torch's global generator;  0 where the fraction has no denominator
                          1e-8 below the fraction
Ablation-CAM, grad-cam    (y - y_k) / y, so that signs turn where     over |y|; always zero, as the paper has it
                          the logit is negative; where activations
                          are not a ReLU's, -1e7 instead of zero
Eigen-CAM, grad-cam       activations less their mean over places;    not centred (equation 4); the map's sum is not
                          sign left to the SVD                        negative
Gradient SHAP, captum     draws from NumPy's global generator;        seeded; the grey picture with noise is drawn anew
                          picks among given baselines; may add        for each sample, no noise on the picture
                          noise to the picture
========================  ==========================================  ===============================================
"""

import contextlib
import warnings
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import models
from explainers.attribution.methods import cams, masking
from explainers.attribution.methods.gradients import SIGMA
from explainers.attribution.methods.maps import activations_of
from explainers.attribution.methods.problem import Problem
from explainers.attribution.methods.table import CAMS, PIXELS
from explainers.kit.targets import of_class, of_classes
from tests.explainers.nets import fingerprint, inputs, seeded, small_cnn


class FlatCnn(nn.Module):
    """Its maps are as large as the picture, so that nothing is enlarged and all peers mean the same mask."""

    def __init__(self) -> None:
        super().__init__()
        self.stage = nn.Sequential(nn.Conv2d(3, 6, 3, 1, 1), nn.BatchNorm2d(6), nn.ReLU())
        self.last = nn.Identity()
        self.head = nn.Linear(6, 5)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.head(self.last(self.stage(x)).mean((2, 3)))
        return out


def flat() -> models.ModelHandle:
    return models.wrap(seeded(FlatCnn()), input_size=(3, 16, 16), device="cpu")


def ask_of(model: models.ModelHandle, layer: str, target: int = 1, batch: int = 1) -> Problem:
    classes = of_classes(torch.full((batch,), target))
    return Problem(model, inputs(model, batch), classes, model.layer(layer), groups=0)


def scaled(cam: Tensor | np.ndarray) -> np.ndarray:
    """As peers scale: ReLU, then from 0 to 1."""
    positive = np.clip(np.asarray(cam), 0, None)
    low, high = positive.min((1, 2), keepdims=True), positive.max((1, 2), keepdims=True)
    return (positive - low) / (high - low)


@pytest.fixture
def grad_cam() -> Iterator[Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield pytest.importorskip("pytorch_grad_cam")


@pytest.fixture
def torchcam() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("torchcam.methods")


def theirs_of(grad_cam: Any, name: str, model: models.ModelHandle, layer: nn.Module, x: Tensor, target: int) -> Any:
    """A peer's own map (B, h, w) at the layer's resolution, before it is scaled; and its weights."""
    classes = [grad_cam.utils.model_targets.ClassifierOutputTarget(target)] * len(x)
    with getattr(grad_cam, name)(model=model.network, target_layers=[layer]) as peer:
        peer(x, classes)
        maps = peer.activations_and_grads.activations[0].numpy()
        weights = None if name == "EigenCAM" else peer.get_cam_weights(x, layer, classes, maps, None)
        return peer.get_cam_image(x, layer, classes, maps, None, False), weights


def test_score_cam_is_both_peers_where_nothing_is_enlarged(grad_cam: Any, torchcam: Any) -> None:
    model = flat()
    ask = ask_of(model, "stage", batch=2)
    ours = CAMS["scorecam"].solve(ask)
    assert ours.alpha.std(1).min() > 1e-4, "channels differ"
    cam, weights = theirs_of(grad_cam, "ScoreCAM", model, model.network.last, ask.x, 1)
    np.testing.assert_allclose(ours.alpha, weights, rtol=1e-4)
    np.testing.assert_allclose(ours.cam, cam, rtol=1e-4, atol=1e-6)
    with torchcam.ScoreCAM(model.network, model.network.last, input_shape=(3, 16, 16)) as peer:
        model.network(ask.x)
        (cam,) = peer([1, 1])
    np.testing.assert_allclose(scaled(ours.cam), cam, atol=1e-5)


def variant(ask: Problem, masks: Tensor) -> Tensor:
    """Score-CAM's weights for other masks (C, H, W): everything else is ours."""
    rows = torch.zeros(len(masks), dtype=torch.long)
    with torch.no_grad():
        return cams.scorecam(masking.score_of(ask, ask.target, masks[:, None] * ask.x, rows)[None])


def test_score_cam_is_each_peer_with_its_masks(grad_cam: Any, torchcam: Any) -> None:
    model = small_cnn()
    ask, size = ask_of(model, "stage"), (32, 32)
    activations = activations_of(ask)[0]
    first = F.interpolate(masking.unit(activations[0])[None], size, mode="bilinear")[0]
    with torchcam.ScoreCAM(model.network, model.network.bomb, input_shape=(3, *size)) as peer:
        model.network(ask.x)
        (cam,) = peer(1)
    np.testing.assert_allclose(scaled(cams.signed_map(activations, variant(ask, first))), cam, atol=1e-5)
    corners = masking.unit(F.interpolate(activations, size, mode="bilinear", align_corners=True)[0])
    _, weights = theirs_of(grad_cam, "ScoreCAM", model, model.network.bomb, ask.x, 1)
    np.testing.assert_allclose(variant(ask, corners), weights, rtol=1e-4)
    plain = CAMS["scorecam"].solve(ask).alpha.numpy()
    for other in (first, corners):  # the variants stay variants: near to ours, and not the same
        near = variant(ask, other).numpy()
        assert 1e-6 < np.abs(near - plain).max() < 0.1


@pytest.mark.parametrize("layer", ["stage", "stem"])
def test_smooth_gradcam_plus_plus_is_torchcams_on_the_same_noisy_copies(torchcam: Any, layer: str) -> None:
    """Before the linear head gradients are the same everywhere, and so are the fractions; deeper theirs differs."""
    model = small_cnn()
    model.network.head.weight.data *= 1000  # torchcam's 1e-8 below the fraction is nothing here
    ask, seen = ask_of(model, layer), []
    place = model.network.get_submodule({"stage": "bomb"}.get(layer, layer))
    peer_of = partial(torchcam.SmoothGradCAMpp, model.network, place, num_samples=3, input_shape=(3, 32, 32))
    with torch.random.fork_rng(), peer_of() as peer:
        torch.manual_seed(0)
        logits = model.network(ask.x)
        hook = model.network.register_forward_pre_hook(lambda _module, given: seen.append(given[0].detach().clone()))
        (cam,) = peer(1, logits, normalized=False)
        hook.remove()
    assert len(seen) == 3
    model.network.zero_grad()
    clean = activations_of(ask)[0]
    noisy = [activations_of(Problem(model, each, ask.target, ask.layer))[:2] for each in seen]
    gradients, (last_activations, last) = torch.stack([gradient for _, gradient in noisy]), noisy[-1]
    ours, theirs = cams.smooth_gradcam_plus_plus(clean, gradients), torchcam_weights(clean, gradients, last)
    assert torch.allclose(ours, theirs, rtol=1e-3) == (layer == "stage")
    weights = ours if layer == "stage" else theirs
    map_of_last = cams.signed_map(last_activations, weights).clamp(min=0)
    np.testing.assert_allclose(map_of_last, cam.detach(), rtol=1e-3, atol=1e-4 * float(cam.max()))
    assert cam.max() > 0


def torchcam_weights(clean: Tensor, gradients: Tensor, last: Tensor) -> Tensor:
    """Their variant of the weights."""
    square, cube = (gradients.pow(power).mean(0) for power in (2, 3))
    below = 2 * square + (clean * cube).sum((2, 3), keepdim=True)
    return (torch.where(square > 0, square / below, 0) * last.clamp(min=0)).sum((2, 3))


@pytest.mark.parametrize("layer", ["stage", "stem"])
def test_ablation_cam_is_grad_cams(grad_cam: Any, layer: str) -> None:
    """Before the linear head, where ours is a closed form, and before a convolution, where the tail runs."""
    model = small_cnn()
    module = model.network.get_submodule(layer)
    scores = model.network(inputs(model, 2)).detach()
    before = fingerprint(model.network)
    signs = set()
    for target in range(5):
        ours = CAMS["ablationcam"].solve(ask_of(model, layer, target, batch=2)).alpha.numpy()
        _, theirs = theirs_of(grad_cam, "AblationCAM", model, module, inputs(model, 2), target)
        sign = np.sign(scores[:, target].numpy())[:, None]  # ours is over |y|
        signs |= set(sign.ravel().tolist())
        np.testing.assert_allclose(ours, sign * theirs, rtol=1e-3, atol=1e-5 * np.abs(theirs).max())
    assert signs == {-1.0, 1.0}, "both signs of the logit were met"
    assert fingerprint(model.network) == before


def test_eigen_cam_is_grad_cams_on_centred_activations(grad_cam: Any) -> None:
    model = small_cnn()
    ask = ask_of(model, "stage", batch=2)
    activations = activations_of(ask)[0]
    theirs, _ = theirs_of(grad_cam, "EigenCAM", model, model.network.bomb, ask.x, 1)
    centred = activations - activations.mean((2, 3), keepdim=True)
    ours = cams.signed_map(centred, cams.eigencam(centred)).numpy()
    for own, peer in zip(ours, theirs, strict=True):
        sign = np.sign((own * peer).sum())
        np.testing.assert_allclose(own, sign * peer, atol=1e-4 * np.abs(peer).max())
    plain = CAMS["eigencam"].solve(ask).cam
    assert (plain.sum((1, 2)) >= 0).all()
    assert not np.allclose(np.abs(plain), np.abs(theirs), rtol=0.05), "centring is a difference, not a detail"


def test_gradient_shap_is_captums_on_the_same_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    captum = pytest.importorskip("captum.attr")
    model, samples = small_cnn(), 11
    x = inputs(model, 1)
    ours = (
        PIXELS["gradient_shap"]
        .compute(Problem(model, x, of_class(model, 1), samples=samples, rng=np.random.default_rng(3)))
        .values[0]
    )
    rng, spread, total = np.random.default_rng(3), SIGMA * float(x.max() - x.min()), torch.zeros_like(x)
    for count in (8, 3):  # as it is worked through: eight at a time, noise first, then points
        starts = spread * torch.from_numpy(rng.standard_normal((count, *x.shape[1:]), dtype=np.float32))
        along = rng.random((count, 1, 1, 1), dtype=np.float32).ravel()
        for start, point in zip(starts, along, strict=True):
            monkeypatch.setattr(np.random, "uniform", lambda *_args, point=point: np.array([point]))
            peer = captum.GradientShap(model.network)
            total += peer.attribute(x, start[None], n_samples=1, stdevs=0.0, target=1).detach()
    torch.testing.assert_close(ours, total[0] / samples, rtol=1e-3, atol=1e-6 * float(total.abs().max()))


def test_gradient_shap_comes_to_captums_mean_with_other_draws() -> None:
    """Captum's own draws, seeded: the two means differ by no more than their spreads allow."""
    captum = pytest.importorskip("captum.attr")
    model, samples = small_cnn(), 400
    x = inputs(model, 1)
    ours = PIXELS["gradient_shap"].compute(Problem(model, x, of_class(model, 1), samples=samples)).values[0]
    spread = SIGMA * float(x.max() - x.min())
    starts = spread * torch.randn(samples, *x.shape[1:], generator=torch.Generator().manual_seed(0))
    with global_draws():
        np.random.seed(0)  # captum draws from it
        theirs = captum.GradientShap(model.network).attribute(x, starts, n_samples=samples, stdevs=0.0, target=1)
    theirs = theirs.detach()[0]
    gap, size = (ours - theirs).norm(), theirs.norm()
    assert float(gap / size) < 0.35
    assert np.corrcoef(ours.ravel(), theirs.ravel())[0, 1] > 0.95


@contextlib.contextmanager
def global_draws() -> Iterator[None]:
    """NumPy's and torch's global generators, put back afterwards."""
    state = np.random.get_state()
    with torch.random.fork_rng():
        yield
    np.random.set_state(state)
