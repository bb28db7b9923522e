"""Weights are read, never unpickled; what is damaged or hostile is one sentence."""

import pickle
from pathlib import Path

import pytest
import safetensors.torch
import torch

from models import weights
from models.errors import InputError


class Hostile:
    """Unpickling it creates a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return (Path.touch, (self.path,))


@pytest.mark.parametrize("suffix", [".pt", ".pth", ".bin"])
@pytest.mark.parametrize("how", ["torch", "torch inside", "pickle"])
def test_a_hostile_pickle_is_refused_and_never_executed(tmp_path: Path, suffix: str, how: str) -> None:
    path, mark = tmp_path / f"evil{suffix}", tmp_path / "executed"
    if how == "pickle":
        path.write_bytes(pickle.dumps(Hostile(mark)))
    else:
        torch.save({"w": torch.zeros(1), "x": Hostile(mark)} if how == "torch inside" else Hostile(mark), path)
    with pytest.raises(InputError, match="only tensors are accepted"):
        weights.read(path)
    assert not mark.exists()
    pickle.loads(pickle.dumps(Hostile(mark)))
    assert mark.exists(), "the bait works"


@pytest.mark.parametrize("suffix", weights.SUFFIXES)
@pytest.mark.parametrize("damage", [b"", b"not weights at all", None])
def test_a_damaged_file_is_one_sentence(tmp_path: Path, suffix: str, damage: bytes | None) -> None:
    path = tmp_path / f"w{suffix}"
    if damage is None:
        state = {"w": torch.arange(100.0)}
        safetensors.torch.save_file(state, path) if suffix == ".safetensors" else torch.save(state, path)
        path.write_bytes(path.read_bytes()[:-200])
    else:
        path.write_bytes(damage)
    with pytest.raises(InputError, match="cannot be read as weights") as caught:
        weights.read(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("wrapper", [None, "state_dict", "model"])
def test_tensors_come_back_under_the_usual_wrappers(tmp_path: Path, wrapper: str | None) -> None:
    state = {"a": torch.arange(3.0)}
    torch.save({wrapper: state, "epoch": 3} if wrapper else state, tmp_path / "w.pt")
    assert torch.equal(weights.read(tmp_path / "w.pt")["a"], state["a"])


@pytest.mark.parametrize("value", [[1, 2], {"a": 1.0}, torch.zeros(2)])
def test_anything_but_a_table_of_tensors_is_refused(tmp_path: Path, value: object) -> None:
    torch.save(value, tmp_path / "w.pt")
    with pytest.raises(InputError, match="other than a table of tensors"):
        weights.read(tmp_path / "w.pt")


def test_digest_is_sha256_and_follows_the_file(tmp_path: Path) -> None:
    path = tmp_path / "w.bin"
    path.write_bytes(b"abc")
    assert weights.sha256(path) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    path.write_bytes(b"abcd")
    assert weights.sha256(path).startswith("88d4266fd4e6338d")


def test_packages_are_found_without_importing_them() -> None:
    assert weights.in_package("no_such_package_at_all", "x") is None
    assert weights.in_package("timm", "no_such_file") is None
    assert weights.in_package("timm", "version.py").is_file()
