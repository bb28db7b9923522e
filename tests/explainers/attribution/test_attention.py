"""Attention methods against their papers, restated with the network's own attention written out."""

import numpy as np
import pytest
import torch
from torch import Tensor

import explainers
from explainers.attribution.methods.attention import attention
from explainers.attribution.methods.problem import Problem
from explainers.attribution.methods.table import CAMS
from explainers.kit.targets import of_classes
from models.errors import InputError, UnfitError
from tests.explainers.nets import fingerprint, inputs, photo, small_vit
from tests.models.test_split import batch, handle_of

TARGET = torch.tensor([2])


def attention_by_hand(model, x: Tensor) -> tuple[list[Tensor], Tensor]:
    """softmax(Q K' / sqrt(d)) of each block, from its own weights, in the graph; and the logits."""
    net, found = model.network, []
    tokens = net.norm_pre(net.patch_drop(net._pos_embed(net.patch_embed(x))))
    for block in net.blocks:
        y, own = block.norm1(tokens), block.attn
        q, k, v = own.qkv(y).reshape(*y.shape[:2], 3, own.num_heads, own.head_dim).permute(2, 0, 3, 1, 4)
        weights = (q @ k.transpose(-2, -1) / own.head_dim**0.5).softmax(-1)
        weights.retain_grad() if weights.requires_grad else None
        found.append(weights)
        mixed = own.proj((weights @ v).transpose(1, 2).reshape(y.shape))
        tokens = tokens + mixed
        tokens = tokens + block.mlp(block.norm2(tokens))
    return found, net.forward_head(net.norm(tokens))


def test_attention_is_collected_and_fused_kernels_come_back() -> None:
    model = small_vit()
    x, before = inputs(model, 1), fingerprint(model.network)
    with torch.no_grad():
        expected, logits = attention_by_hand(model, x)
        with attention(model.network) as seen:
            torch.testing.assert_close(model.network(x), logits, rtol=1e-4, atol=1e-5)
    assert len(seen) == 2
    for ours, theirs in zip(seen, expected, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-6)
    assert fingerprint(model.network) == before


def test_fused_kernels_come_back_after_an_exception() -> None:
    model = small_vit()
    before = fingerprint(model.network)
    with pytest.raises(RuntimeError), attention(model.network):
        model.network(torch.zeros(1, 5, 32, 32))
    assert fingerprint(model.network) == before


def test_rollout_is_the_product_of_half_attention_half_identity() -> None:
    model = small_vit()
    x = inputs(model, 1)
    with torch.no_grad():
        first, second = (each.mean(1)[0].numpy() for each in attention_by_hand(model, x)[0])
    eye = np.eye(17)
    expected = ((second + eye) / 2) @ ((first + eye) / 2)
    found = CAMS["attention_rollout"].solve(Problem(model, x, of_classes(TARGET), model.layer(None)))
    np.testing.assert_allclose(found.cam[0], expected[0, 1:].reshape(4, 4), rtol=1e-4, atol=1e-7)
    assert found.alpha.shape == (1, 0)


def test_gradient_attention_in_loops() -> None:
    model = small_vit()
    x = inputs(model, 1)
    weights, logits = attention_by_hand(model, x)
    gradients = torch.autograd.grad(logits[0, 2], weights)
    relevance = np.eye(17)
    for each, gradient in zip(weights, gradients, strict=True):
        a, g = each[0].detach().numpy(), gradient[0].numpy()
        mean = sum(np.maximum(a[head] * g[head], 0) for head in range(3)) / 3
        relevance = relevance + mean @ relevance
    found = CAMS["attention_gradient"].solve(Problem(model, x, of_classes(TARGET), model.layer(None)))
    np.testing.assert_allclose(found.cam[0], relevance[0, 1:].reshape(4, 4), rtol=1e-3, atol=1e-8)


@pytest.mark.parametrize("layer", ["blocks.0", "blocks.1.norm1", None])
@pytest.mark.parametrize("head", [0, 2, None])
def test_a_head_is_what_the_class_token_attends_to_in_its_block(layer: str | None, head: int | None) -> None:
    model = small_vit()
    x = inputs(model, 1)
    with torch.no_grad():
        weights = attention_by_hand(model, x)[0][0 if layer == "blocks.0" else 1]
    row = weights.mean(1)[0, 0, 1:] if head is None else weights[0, head, 0, 1:]
    found = CAMS["attention_head"].solve(Problem(model, x, of_classes(TARGET), model.layer(layer), head=head))
    torch.testing.assert_close(found.cam[0], row.view(4, 4), rtol=1e-4, atol=1e-7)


def test_heads_are_a_knob_and_one_that_is_not_there_is_refused_with_a_remedy_that_works() -> None:
    maps = [
        explainers.explain("gradcam", small_vit(), image=photo(), method="attention_head", head=head).cam
        for head in (0, 1, 2)
    ]
    assert not np.allclose(maps[0], maps[1])
    mean = explainers.explain("gradcam", small_vit(), image=photo(), method="attention_head").cam
    np.testing.assert_allclose(np.mean(maps, 0), mean, rtol=1e-4)
    with pytest.raises(InputError, match=r"the heads 0 to 2; got 3\.$"):
        explainers.explain("gradcam", small_vit(), image=photo(), method="attention_head", head=3)


@pytest.mark.parametrize("name", ["attention_rollout", "attention_gradient", "attention_head"])
@pytest.mark.parametrize(
    ("arch", "fits"),
    [
        ("deit_tiny_distilled_patch16_224", True),
        ("vit_small_patch14_reg4_dinov2", True),
        ("vit_small_patch16_dinov3", True),
        ("swin_tiny_patch4_window7_224", False),
        ("swinv2_tiny_window8_256", False),
    ],
)
def test_families_that_attend_over_the_whole_picture_fit_and_others_are_refused(
    name: str, arch: str, fits: bool
) -> None:
    model = handle_of(arch)
    ask, before = (
        Problem(model, batch(model), of_classes(torch.tensor([1, 2])), model.layer(None)),
        fingerprint(model.network),
    )
    if fits:
        found = CAMS[name].solve(ask)
        assert found.cam.shape == (2, 4, 4)
        assert found.cam.any()
    else:
        with pytest.raises(UnfitError, match="choose gradcam"):
            CAMS[name].solve(ask)
    assert fingerprint(model.network) == before
