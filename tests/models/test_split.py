"""Cutting a network in two, on every family of architecture that the zoo names."""

import pytest
import timm
import torch

import models
from explainers.attribution.methods.maps import gradcam_maps
from models.errors import InputError, UnfitError
from models.split import Body, split
from tests.explainers.nets import fingerprint, seeded, small_cnn

VIT = {"embed_dim": 24, "depth": 2, "num_heads": 3}
SWIN = {"embed_dim": 12, "depths": (1, 1), "num_heads": (2, 2), "window_size": 4}
FAMILIES = {
    "vit_tiny_patch16_224": (64, VIT),
    "deit_tiny_distilled_patch16_224": (64, VIT),
    "vit_small_patch14_reg4_dinov2": (56, {**VIT, "num_classes": 7}),
    "vit_small_patch16_dinov3": (64, {**VIT, "num_classes": 7}),
    "swin_tiny_patch4_window7_224": (64, SWIN),
    "swinv2_tiny_window8_256": (64, SWIN),
    "convnext_atto": (64, {"depths": (1, 1, 1, 1), "dims": (8, 8, 16, 16)}),
    "resnet18": (64, {}),
    "tf_efficientnet_lite0": (64, {}),
    "mobilenetv3_small_050": (64, {}),
}
TOKENS = {
    "vit_tiny_patch16_224": 1,
    "deit_tiny_distilled_patch16_224": 2,
    "vit_small_patch14_reg4_dinov2": 5,
    "vit_small_patch16_dinov3": 5,
}
each_family = pytest.mark.parametrize("arch", FAMILIES)


def handle_of(arch: str) -> models.ModelHandle:
    size, kwargs = FAMILIES[arch]
    sized = {"img_size": size} if any(part in arch for part in ("vit", "deit", "swin")) else {}
    network = seeded(timm.create_model(arch, **sized, **kwargs))
    return models.wrap(network, input_size=(3, size, size), device="cpu", name=arch)


def batch(model: models.ModelHandle, count: int = 2) -> torch.Tensor:
    return torch.randn(count, *model.card.input_size, generator=torch.Generator().manual_seed(0))


def cuts(model: models.ModelHandle) -> list[str]:
    """The first and the last whole stage or block: not ``blocks.1.norm1``, which has a shortcut around it."""
    names = [layer.name for layer in model.layers() if layer.main and not layer.name.endswith("norm1")]
    return [names[0], names[-1]]


@each_family
def test_body_then_tail_is_the_network(arch: str) -> None:
    model = handle_of(arch)
    x, before = batch(model, 3), fingerprint(model.network)
    for layer in cuts(model):
        body, tail = model.split(layer)
        with torch.no_grad():
            whole = model.network(x)
            torch.testing.assert_close(tail(body(x)), whole, rtol=1e-4, atol=1e-5 * float(whole.abs().max()))
            torch.testing.assert_close(tail(body(x[:1])), whole[:1], rtol=1e-4, atol=1e-5 * float(whole.abs().max()))
    assert fingerprint(model.network) == before


@each_family
def test_default_layer_carries_a_gradient_and_a_map_of_the_picture(arch: str) -> None:
    model = handle_of(arch)
    layer = model.layer(None)
    maps = gradcam_maps(model, batch(model))
    assert maps.cam.shape == (2, *layer.shape[1:])
    assert maps.cam.abs().amax((1, 2)).min() > 0
    assert layer.shape[1] == layer.shape[2] > 1
    assert layer.prefix == TOKENS.get(arch, 0)


@pytest.mark.parametrize("arch", [name for name in TOKENS if "dinov3" not in name])
def test_last_block_of_a_class_token_network_is_refused_in_words(arch: str) -> None:
    model = handle_of(arch)
    with pytest.raises(UnfitError, match=rf"choose '{model.layer(None).name}'"):
        gradcam_maps(model, batch(model), layer="blocks.1")


def test_channels_last_maps_are_read_as_such() -> None:
    layer = handle_of("swin_tiny_patch4_window7_224").layer(None)
    assert layer.layout == "nhwc"
    assert layer.as_map(torch.arange(24.0).reshape(1, 2, 3, 4))[0, 1, 0, 2] == 9


def test_tail_is_differentiable_and_body_stops_at_the_layer() -> None:
    model = small_cnn()
    body, tail = model.split("stage")
    activation = body(batch(model)).detach().requires_grad_()
    (gradient,) = torch.autograd.grad(tail(activation)[:, 1].sum(), activation)
    expected = model.network.head.weight[1] / (8 * 8)
    torch.testing.assert_close(gradient, expected[None, :, None, None].expand_as(gradient))
    calls = []
    model.network.head.register_forward_hook(lambda *_: calls.append(1))
    body(batch(model))
    assert not calls


def test_a_layer_with_a_path_around_it_is_no_cut_and_the_block_is_named() -> None:
    with pytest.raises(InputError, match=r"'layer4.1.conv1'.*choose the block itself \('layer4.1'\)"):
        handle_of("resnet18").split("layer4.1.conv1")


def test_a_layer_that_is_not_run_is_refused() -> None:
    model = small_cnn()
    model.network.spare = torch.nn.Conv2d(3, 3, 1)
    with pytest.raises(InputError, match="without running"):
        split(model.network, "spare", batch(model, 1))


def test_cut_leaves_the_network_as_it_was_after_an_exception() -> None:
    model = small_cnn()
    _, tail = model.split("stem")
    model.network.bomb.lit = True
    before = fingerprint(model.network)
    with pytest.raises(RuntimeError):
        tail(torch.zeros(1, 8, 16, 16))
    with pytest.raises(RuntimeError):
        Body(model.network, model.network.head)(batch(model))
    assert fingerprint(model.network) == before
