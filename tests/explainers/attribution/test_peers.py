"""Grad-CAM equals captum, torchcam and grad-cam to 1e-5 on real architectures with random weights."""

import warnings

import numpy as np
import pytest
import timm
import torch
from torch import Tensor

import models
from explainers.attribution.methods.maps import gradcam_maps
from tests.explainers.nets import seeded

NETS = {"tf_efficientnet_lite0": 96, "resnet50": 96}


@pytest.fixture(scope="module", params=NETS)
def case(request: pytest.FixtureRequest) -> tuple[models.ModelHandle, Tensor, torch.nn.Module]:
    torch.manual_seed(0)
    network = seeded(timm.create_model(request.param))
    size = NETS[request.param]
    model = models.wrap(network, input_size=(3, size, size), device="cpu")
    x = torch.randn(2, 3, size, size, generator=torch.Generator().manual_seed(1))
    return model, x, network.get_submodule(model.layer(None).name)


def scaled(cam: Tensor) -> np.ndarray:
    """Peers scale each map to [0, 1] after the ReLU."""
    positive = cam.clamp(min=0)
    low = positive.amin((1, 2), keepdim=True)
    high = positive.amax((1, 2), keepdim=True)
    return ((positive - low) / (high - low)).numpy()


def test_captum(case) -> None:
    from captum.attr import LayerGradCam

    model, x, layer = case
    theirs = LayerGradCam(model.network, layer).attribute(x, target=torch.tensor([3, 7]))[:, 0].detach()
    ours = gradcam_maps(model, x, torch.tensor([3, 7])).cam
    torch.testing.assert_close(ours / ours.abs().max(), theirs / ours.abs().max(), rtol=0, atol=1e-5)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_torchcam(case) -> None:
    from torchcam.methods import GradCAM

    model, x, layer = case
    ours = scaled(gradcam_maps(model, x, torch.tensor([3, 7])).cam)
    with GradCAM(model.network, layer) as peer:
        logits = model.network(x.clone().requires_grad_())
        (theirs,) = peer([3, 7], logits)
    np.testing.assert_allclose(ours, theirs.detach().numpy(), atol=1e-5)


def test_grad_cam(case) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pytorch_grad_cam import GradCAM
        from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

    model, x, layer = case
    ours = scaled(gradcam_maps(model, x, torch.tensor([3, 7])).cam)
    with GradCAM(model=model.network, target_layers=[layer]) as peer:
        peer(x, [ClassifierOutputTarget(3), ClassifierOutputTarget(7)])
        alpha = peer.activations_and_grads.gradients[0].mean((2, 3))
        theirs = scaled((alpha[:, :, None, None] * peer.activations_and_grads.activations[0]).sum(1))
    np.testing.assert_allclose(ours, theirs, atol=1e-5)
