"""Which layers can be looked at, and how their output becomes a map."""

import pytest
import torch
from torch import nn

from models.card import pick_layer
from models.errors import InputError
from models.layers import Layer, find_layers
from tests.explainers.nets import seeded, small_cnn, small_vit


def names(network: nn.Module, size: tuple[int, int] = (32, 32)) -> list[str]:
    return [layer.name for layer in find_layers(network.eval(), torch.zeros(1, 3, *size))]


def test_layers_come_in_the_order_they_finish_and_only_maps_are_listed() -> None:
    model = small_cnn()
    found = [layer.name for layer in model.layers()]
    assert found.index("stem.0") < found.index("stem") < found.index("stage")
    assert "head" not in found
    assert "drop" not in found
    assert [layer.name for layer in model.layers() if layer.default] == ["bomb"]


def test_default_of_a_class_token_network_is_the_last_place_where_patches_count() -> None:
    assert small_vit().layer(None).name == "blocks.1.norm1"
    assert small_vit(global_pool="avg", class_token=False).layer(None).name == "blocks"


def test_tokens_become_a_map_without_the_prefix() -> None:
    layer = Layer(name="x", shape=(2, 2, 3), layout="tokens", prefix=1)
    tokens = torch.arange(14.0).reshape(1, 7, 2)
    assert layer.as_map(tokens)[0, 0].tolist() == [[2, 4, 6], [8, 10, 12]]
    assert layer.as_map(tokens)[0, 1].tolist() == [[3, 5, 7], [9, 11, 13]]


def test_a_map_is_a_view_so_that_gradients_flow() -> None:
    layer = Layer(name="x", shape=(2, 3, 4), layout="nhwc")
    output = torch.zeros(1, 3, 4, 2)
    assert layer.as_map(output).data_ptr() == output.data_ptr()


def test_rectangular_pictures_keep_their_aspect() -> None:
    network = seeded(
        nn.Sequential(nn.Conv2d(3, 4, 3, 2, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2))
    )
    (first, *_) = find_layers(network, torch.zeros(1, 3, 32, 64))
    assert first.shape == (4, 16, 32)
    assert names(network, (32, 64)) == ["0", "1"]


def test_a_network_without_maps_says_so() -> None:
    flat = nn.Sequential(nn.Flatten(), nn.Linear(3 * 32 * 32, 4))
    assert names(flat) == []
    with pytest.raises(InputError, match="no layer with a map over the image"):
        pick_layer(find_layers(flat, torch.zeros(1, 3, 32, 32)), None, "flat net")


def test_listing_leaves_no_hooks() -> None:
    model = small_cnn()
    find_layers(model.network, torch.zeros(1, 3, 32, 32))
    assert not any(module._forward_hooks for module in model.network.modules())
