"""What running a network shows: maps and no matrices, live layers, and how little it costs."""

import pytest
import timm
import torch
from torch import Tensor, nn

import models
from models.examination import cells
from models.layers import Layer
from tests.explainers.nets import SmallCnn, seeded, small_vit


class Counting(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.net, self.pictures, self.backwards = seeded(SmallCnn()), 0, 0

    def forward(self, x: Tensor) -> Tensor:
        self.pictures += len(x)
        if x.requires_grad:
            x.register_hook(self.count)
        return self.net(x)

    def count(self, _gradient: Tensor) -> None:
        self.backwards += 1


def test_an_examination_costs_at_most_five_forwards_and_one_backward() -> None:
    network = Counting()
    handle = models.wrap(network, input_size=(3, 32, 32), device="cpu")
    assert handle.layers()
    assert handle.network is network
    assert network.pictures <= 5
    assert network.backwards <= 1


@pytest.mark.parametrize("arch", ["swin_tiny_patch4_window7_224", "cait_xxs24_224"])
def test_attention_matrices_are_no_maps(arch: str) -> None:
    handle = models.wrap(timm.create_model(arch, num_classes=3), input_size=(3, 224, 224), device="cpu")
    assert handle.layers()
    assert not [layer.name for layer in handle.layers() if layer.shape[1] == layer.shape[2] in (49, 196)]
    assert handle.findings.refused


class Wrapped(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.backbone = small_vit(num_classes=0).network
        self.head = nn.Linear(24, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.backbone(x))


def test_the_default_layer_of_a_wrapped_vit_is_alive() -> None:
    torch.manual_seed(0)
    handle = models.wrap(Wrapped(), input_size=(3, 32, 32), device="cpu")
    assert handle.layer(None).name == "backbone.blocks.1.norm1"
    assert "backbone.blocks.1" in handle.findings.dead


class Reused(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.one, self.two, self.head = nn.Conv2d(3, 8, 3, 2, 1), nn.Conv2d(8, 16, 3, 2, 1), nn.Linear(16, 2)
        self.relu = nn.ReLU()
        self.side = nn.Conv2d(16, 4, 1)

    def forward(self, x: Tensor) -> Tensor:
        maps = self.relu(self.two(self.relu(self.one(x))))
        self.side(maps)
        return self.head(maps.mean((2, 3)))


def test_a_layer_that_runs_twice_is_not_offered_and_a_side_head_is_not_the_default() -> None:
    handle = models.wrap(seeded(Reused()), input_size=(3, 32, 32), device="cpu")
    assert handle.findings.repeated == ("relu",)
    assert handle.layer(None).name == "two"
    assert "side" in handle.findings.dead


def test_an_examination_does_not_depend_on_the_mode_that_it_is_asked_in() -> None:
    """The worker's warm-up asks in inference mode, where nothing is recorded."""
    network = seeded(Reused())
    with torch.inference_mode():
        inside = models.wrap(network, input_size=(3, 32, 32), device="cpu").findings
    assert inside.dead == {"side"}
    assert inside == models.wrap(seeded(Reused()), input_size=(3, 32, 32), device="cpu").findings


@pytest.mark.parametrize("build", [lambda: seeded(Reused()), lambda: small_vit().network, lambda: Wrapped().eval()])
def test_the_layers_that_no_way_leads_around_are_those_at_which_the_network_can_be_cut(build) -> None:
    """By the graph of one pass, and by running both parts of every cut."""
    handle = models.wrap(build(), input_size=(3, 32, 32), device="cpu")

    def can_be_cut(name: str) -> bool:
        try:
            handle.split(name)
        except models.InputError:
            return False
        return True

    live = [layer.name for layer in handle.layers() if layer.name not in handle.findings.dead]
    assert {name for name in live if can_be_cut(name)} == {name for name in live if name in handle.findings.whole}


class Shuffled(nn.Module):
    """Two stages and a third one, which sets its cells in another order or moves all of them by one and the same."""

    def __init__(self, cells: Tensor | None = None) -> None:
        super().__init__()
        self.one, self.two, self.three = nn.Conv2d(3, 8, 3, 2, 1), nn.Conv2d(8, 16, 3, 2, 1), nn.Identity()
        self.last, self.head, self.cells = nn.Conv2d(16, 16, 1), nn.Linear(16, 2), cells

    def forward(self, x: Tensor) -> Tensor:
        maps = self.two(self.one(x).relu()).relu()
        if self.cells is None:
            maps = maps + 50 * maps.mean((2, 3), keepdim=True)
        else:
            maps = maps.flatten(2)[:, :, self.cells].unflatten(2, (8, 8))
        return self.head(self.last(maps).relu().mean((2, 3)))


def test_a_layer_whose_cells_lie_in_another_order_is_not_the_default() -> None:
    shuffled = torch.randperm(64, generator=torch.Generator().manual_seed(0))
    handle = models.wrap(seeded(Shuffled(shuffled)), input_size=(3, 32, 32), device="cpu")
    assert "last" in [layer.name for layer in handle.layers()]
    assert handle.layer(None).name == "two"


def test_what_moves_all_cells_alike_does_not_hide_their_order() -> None:
    handle = models.wrap(seeded(Shuffled()), input_size=(3, 32, 32), device="cpu")
    assert handle.layer(None).name == "last"


@pytest.mark.parametrize(("turned", "least", "most"), [(False, 0.9, 1.0), (True, -1.0, -0.9)])
def test_the_order_of_cells_is_told_whatever_they_have_in_common(turned: bool, least: float, most: float) -> None:
    picture = cells.pictures((3, 64, 64))
    maps = nn.functional.avg_pool2d(picture, 4) + torch.tensor([0.0, 100.0, -100.0])[:, None, None, None]
    layer = Layer(name="maps", shape=(3, 16, 16), layout="nchw")
    assert least <= cells.order(layer, maps.transpose(2, 3) if turned else maps) <= most


class Gathered(nn.Module):
    """An answer of three depths: most of it from states without places, which the first stage gives to the head."""

    def __init__(self, last: float) -> None:
        super().__init__()
        self.one, self.mix = nn.Conv2d(3, 16, 3, 2, 1), nn.Conv1d(16, 25, 1)
        self.norm, self.two, self.three = nn.LayerNorm(25), nn.Conv2d(16, 16, 3, 2, 1), nn.Conv2d(16, 16, 3, 1, 1)
        self.states, self.head, self.last = nn.Linear(16 * 25, 2), nn.Linear(16, 2), last

    def forward(self, x: Tensor) -> Tensor:
        maps = self.one(x).relu()
        flat = maps.flatten(2)
        states = self.norm(flat @ self.mix(flat).softmax(2).transpose(1, 2))
        late = self.three(self.two(maps).relu()).relu().mean((2, 3))
        return self.states(states.flatten(1)) + self.last * self.head(late)


@pytest.mark.parametrize(("last", "default"), [(0.01, "one"), (1000.0, "three")])
def test_the_layer_that_is_looked_at_carries_most_of_the_answer(last: float, default: str) -> None:
    handle = models.wrap(seeded(Gathered(last)), input_size=(3, 32, 32), device="cpu")
    assert handle.layer(None).name == default
    said = [words for words in handle.findings.remarks if "gathered at several depths" in words]
    assert bool(said) == (default == "one")


def test_states_and_channels_before_cells_are_no_maps() -> None:
    """25 states read as five by five cells, and 25 channels of 256 cells as 25 tokens, have the shape of maps alone."""
    handle = models.wrap(seeded(Gathered(1)), input_size=(3, 32, 32), device="cpu")
    assert not {"mix", "norm"} & {layer.name for layer in handle.layers()}
    assert "norm" in handle.findings.refused


def test_a_network_that_mixes_places_says_so() -> None:
    shuffled = torch.randperm(64, generator=torch.Generator().manual_seed(0))
    findings = models.wrap(seeded(Shuffled(shuffled)), input_size=(3, 32, 32), device="cpu").findings
    assert "in 'last' the cells do not follow the picture's any more" in findings.why
    assert findings.why in findings.remarks
    assert not models.wrap(seeded(Shuffled()), input_size=(3, 32, 32), device="cpu").findings.why
