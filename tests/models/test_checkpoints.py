"""Checkpoints as training loops leave them: read where they fit exactly, and it is said; the rest is one sentence."""

import argparse
import json
from pathlib import Path, PosixPath

import numpy as np
import pytest
import safetensors.torch
import timm
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

import models
from models import weights
from models.checkpoints import state
from models.errors import InputError

ABOUT = {"architecture": "test_resnet", "num_classes": 3}
State = dict[str, Tensor]


def network(seed: int = 0, **arguments: object) -> nn.Module:
    torch.manual_seed(seed)
    made = timm.create_model("test_resnet", **{"num_classes": 3, **arguments}).eval()
    for name, buffer in made.named_buffers():
        if "running" in name:
            buffer.uniform_(0.5, 1.5)
    return made


def keep(folder: Path, content: object, about: dict[str, object] = ABOUT) -> str:
    torch.save(content, folder / "net.pth")
    (folder / "net.json").write_text(json.dumps(about))
    return str(folder / "net.pth")


def prefixed(prefix: str, tensors: State) -> State:
    return {f"{prefix}{name}": tensor for name, tensor in tensors.items()}


def same(ours: nn.Module, right: nn.Module) -> bool:
    mine, theirs = ours.state_dict(), right.state_dict()
    return mine.keys() == theirs.keys() and all(torch.equal(mine[name], theirs[name]) for name in mine)


@pytest.mark.parametrize("prefix", ["module.", "model.", "_orig_mod.", "net.", "backbone.", "a.b.module.", "student."])
@pytest.mark.parametrize("key", ["", "state_dict", "model", "model_state_dict", "net.weights"])
def test_one_prefix_is_taken_off_wherever_the_weights_lie(tmp_path, prefix: str, key: str) -> None:
    right = network()
    content: object = prefixed(prefix, right.state_dict())
    for part in reversed(key.split(".") if key else []):
        content = {part: content, "epoch": 3, "best": torch.tensor(0.5), "note": None}
    path = keep(tmp_path, content)
    handle = models.load(path, "cpu")
    assert same(handle.network, right)
    count = len(right.state_dict())
    assert f"The prefix '{prefix}' was taken off {count} names." in handle.card.notes
    assert (f"The weights were read from '{key}' in the file." in handle.card.notes) is bool(key)
    assert models.card(path).notes == handle.card.notes


def test_a_file_that_fits_as_it_is_says_nothing(tmp_path) -> None:
    assert models.load(keep(tmp_path, network().state_dict()), "cpu").card.notes == ()


def test_the_same_in_safetensors(tmp_path) -> None:
    right = network()
    path = tmp_path / "net.safetensors"
    safetensors.torch.save_file(prefixed("model.", right.state_dict()), path, {**ABOUT, "num_classes": "3"})
    handle = models.load(str(path), "cpu")
    assert same(handle.network, right)
    assert len(handle.card.notes) == 1


def test_the_average_of_swa_is_read(tmp_path) -> None:
    averaged = AveragedModel(network(0))
    averaged.update_parameters(network(1))
    handle = models.load(keep(tmp_path, averaged.state_dict()), "cpu")
    assert same(handle.network, averaged.module)
    assert handle.card.notes[-1] == "They are averaged over training."


@pytest.mark.parametrize(("plain", "average"), [("model", "model_ema"), ("state_dict", "state_dict_ema")])
def test_averaged_weights_are_preferred_as_timm_prefers_them(tmp_path, plain: str, average: str) -> None:
    content = {plain: network(0).state_dict(), average: prefixed("module.", network(1).state_dict())}
    handle = models.load(keep(tmp_path, content), "cpu")
    assert same(handle.network, network(1))
    assert f"The weights were read from '{average}' in the file." in handle.card.notes


def test_an_average_beside_the_weights_in_one_table_is_found(tmp_path) -> None:
    content = {**prefixed("model.", network(0).state_dict()), **prefixed("ema.", network(1).state_dict())}
    assert same(models.load(keep(tmp_path, content), "cpu").network, network(1))


def test_notes_of_training_loops_are_passed_over(tmp_path) -> None:
    optimizer = torch.optim.Adam(network().parameters())
    content = {
        "state_dict": network().state_dict(),
        "args": argparse.Namespace(lr=0.1, out=PosixPath("/x")),
        "best": np.float64(0.7),
        "optimizer": optimizer.state_dict(),
    }
    assert same(models.load(keep(tmp_path, content), "cpu").network, network())


def test_old_files_without_counters_of_batches_still_fit(tmp_path) -> None:
    content = {name: value for name, value in network().state_dict().items() if "num_batches" not in name}
    handle = models.load(keep(tmp_path, prefixed("module.", content)), "cpu")
    loaded = handle.network.state_dict()
    assert all(torch.equal(loaded[name], value) for name, value in content.items())


def test_weights_beside_the_network_are_not_dropped_in_silence(tmp_path) -> None:
    """A head of one's own over a timm network whose own head is still there: its answers are others."""
    content = {**prefixed("backbone.", network().state_dict()), "head.weight": torch.zeros(2, 3)}
    with pytest.raises(
        InputError, match=r"1 more tensors lie beside .* \(head.weight\); where they are part"
    ) as caught:
        models.load(keep(tmp_path, content), "cpu")
    assert "save the network's alone" in str(caught.value)
    alone = {name: value for name, value in content.items() if name.startswith("backbone.")}
    assert same(models.load(keep(tmp_path, alone), "cpu").network, network())
    own = nn.Sequential(network(), nn.Linear(3, 2)).eval()
    assert models.wrap(own, input_size=(3, 64, 64)).card.labels == ("class 0", "class 1")


def test_two_networks_that_fit_are_not_chosen_among(tmp_path) -> None:
    content = {"teacher": network(0).state_dict(), "student": network(1).state_dict()}
    with pytest.raises(InputError, match=r"holds 2 networks that fit \('teacher', 'student'\); save the one"):
        models.load(keep(tmp_path, content), "cpu")
    assert same(models.load(keep(tmp_path, content["student"]), "cpu").network, network(1))


def test_another_number_of_classes_says_what_to_write(tmp_path) -> None:
    path = keep(tmp_path, network().state_dict(), {"architecture": "test_resnet"})
    with pytest.raises(
        InputError, match=r'fc.weight is 3 x \d+ in the file and 1000 x \d+ in .*write "num_classes": 3'
    ):
        models.card(path)
    (tmp_path / "net.json").write_text('{"architecture": "test_resnet", "num_classes": 3}')
    assert same(models.load(path, "cpu").network, network())


def test_another_number_of_channels_says_what_to_write(tmp_path) -> None:
    right = network(in_chans=1)
    path = keep(tmp_path, right.state_dict())
    with pytest.raises(InputError, match=r'write "model_args": \{"in_chans": 1\} into \'net.json\''):
        models.load(path, "cpu")
    keep(tmp_path, right.state_dict(), {**ABOUT, "model_args": {"in_chans": 1}})
    assert same(models.load(path, "cpu").network, right)


def test_another_architecture_names_three_tensors_and_counts_the_rest(tmp_path) -> None:
    path = keep(tmp_path, network().state_dict(), {"architecture": "resnet50", "num_classes": 3})
    with pytest.raises(InputError, match=r"of 320 tensors are missing \(conv1.weight, ") as caught:
        models.load(path, "cpu")
    assert len(str(caught.value)) < 400
    assert str(caught.value).endswith("write the architecture that they were saved from into 'net.json'.")
    keep(tmp_path, network().state_dict())
    assert same(models.load(path, "cpu").network, network())


def test_another_width_asks_for_the_arguments(tmp_path) -> None:
    right = timm.create_model("test_vit", num_classes=3, embed_dim=96)
    path = keep(tmp_path, right.state_dict(), {"architecture": "test_vit", "num_classes": 3})
    with pytest.raises(InputError, match=r"tensors have another shape .*; write the architecture and the model_args"):
        models.load(path, "cpu")
    keep(tmp_path, right.state_dict(), {"architecture": "test_vit", "num_classes": 3, "model_args": {"embed_dim": 96}})
    assert same(models.load(path, "cpu").network, right)


class Own(nn.Module):
    """A whole module, which only unpickling could bring back."""


def test_a_whole_module_is_named_and_its_weights_alone_are_read(tmp_path) -> None:
    whole = nn.Sequential(Own(), nn.Linear(2, 2))
    torch.save(whole, tmp_path / "net.pth")
    with pytest.raises(InputError, match=r"holds .*(Own|Sequential|Linear) and only tensors are accepted.*state_dict"):
        weights.read(tmp_path / "net.pth")
    torch.save(whole.state_dict(), tmp_path / "net.pth")
    assert weights.read(tmp_path / "net.pth").keys() == {"1.weight", "1.bias"}


@pytest.mark.filterwarnings("ignore:.*torch.jit")
def test_a_program_is_named_and_its_weights_alone_are_read(tmp_path) -> None:
    right, path = network(), tmp_path / "net.pth"
    torch.jit.trace(right, torch.zeros(1, 3, 64, 64)).save(path)
    with pytest.raises(InputError, match=r"is a TorchScript program and only tensors are accepted; save its weights"):
        weights.read(path)
    assert same(models.load(keep(tmp_path, torch.jit.load(path).state_dict()), "cpu").network, right)


def test_only_names_and_shapes_are_read_for_the_card(tmp_path) -> None:
    path = Path(keep(tmp_path, {"state_dict": network().state_dict()}))
    (largest, *_) = state.tables(path, "meta")
    assert largest.where == "state_dict"
    assert {tensor.device.type for tensor in largest.tensors.values()} == {"meta"}
