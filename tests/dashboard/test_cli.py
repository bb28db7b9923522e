"""The command line: every mistake a person can make is one sentence on stderr and exit 2; what it prints parses."""

import json
import os
import signal
import struct
import subprocess
import sys
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from PIL import Image

import models
from dashboard.cli import commands as cli
from explainers import registry
from models import imagesets

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "dashboard.cli"]


@dataclass
class Told:
    code: int
    out: str
    err: str


class Shell:
    """The command in this process, as `main` runs it."""

    def __init__(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self._capsys, self._patch = capsys, monkeypatch

    def __call__(self, *words: str) -> Told:
        self._patch.setattr(sys, "argv", ["seewhy", *words])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return Told(int(ended.value.code or 0), *self._capsys.readouterr())


@pytest.fixture
def seewhy(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Shell:
    monkeypatch.setenv("SEEWHY_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return Shell(capsys, monkeypatch)


def refused(told: Told, *words: str) -> None:
    assert told.code == 2
    assert told.out == ""
    lines = told.err.splitlines()
    assert len(lines) == 1, told.err
    assert lines[0].startswith("seewhy: ")
    assert "Traceback" not in told.err
    for word in words:
        assert word in lines[0]


def bomb() -> bytes:
    """A PNG of 20000 x 20000 pixels in a few bytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 20000, 20000, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    )


def truncated() -> bytes:
    data = imagesets.samples()[[entry.name for entry in imagesets.samples()].index("rocket")].path.read_bytes()
    return data[: len(data) // 3]


FILES = {
    "text.png": (b"these are words", ("text.png",)),
    "cut.jpg": (truncated(), ("cut.jpg",)),
    "bomb.png": (bomb(), ("megapixel",)),
    "empty.png": (b"", ("empty",)),
}


@pytest.mark.parametrize("name", FILES)
def test_a_bad_picture(seewhy: Shell, tmp_path: Path, name: str) -> None:
    data, words = FILES[name]
    (tmp_path / name).write_bytes(data)
    refused(seewhy("explain", "gradcam", "--model", models.DEFAULT, "--image", name, "--out", "out"), *words)
    assert not list((tmp_path / "out").glob("*"))


EXPLAIN = ("explain", "gradcam", "--model", models.DEFAULT, "--image", "chelsea", "--out", "out", "--no-evidence")
MISTAKES = {
    "no such file": (("--image", "nowhere.png"), ("nowhere.png",)),
    "class that is not there": (("--set", "target=99999"), ("99999", "999")),
    "class below zero": (("--set", "target=-1"), ("-1",)),
    "class in words": (("--set", "target=cat"), ("cat",)),
    "unknown model": (("--model", "nosuchnet"), ("nosuchnet",)),
    "model that is markup": (("--model", "<script>"), ("<script>",)),
    "unknown layer": (("--set", "layer=nope"), ("nope",)),
    "unknown parameter": (("--set", "bogus=1"), ("bogus",)),
    "parameter without a value": (("--set", "target"), ("key=value",)),
    "method that is not there": (("--set", "method=magic"), ("magic",)),
    "no second picture": (("--set", "question=likeness"), ("as like",)),
    "no such second picture": (("--set", "question=likeness", "--set", "like=nowhere.png"), ("nowhere.png",)),
    "no words": (("--set", "question=sentence"), ("as words",)),
    "a model without words": (("--set", "question=sentence", "--set", "words=a cat"), ("reads no words", "clip/")),
    "a neuron too far": (("--set", "question=neuron", "--set", "neuron=99999"), ("99999", "0 to")),
    "unknown device": (("--device", "toaster"), ("toaster",)),
    "unknown option": (("--frobnicate",), ("frobnicate",)),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake(seewhy: Shell, mistake: str) -> None:
    words, told = MISTAKES[mistake]
    refused(seewhy(*EXPLAIN, *words), *told)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("explain", "nolens", "--model", models.DEFAULT, "--out", "out"), "nolens"),
        (("explain", "gradcam", "--model", models.DEFAULT, "--out", "out"), "image"),
        (("explain", "gradcam", "--image", "chelsea", "--out", "out"), "--model"),
        (("nosuchcommand",), "nosuchcommand"),
        (("serve", "--port", "99999"), "--port"),
        (("serve", "--cache-size", "0"), "cache size"),
    ],
)
def test_a_mistaken_command(seewhy: Shell, words: tuple[str, ...], told: str) -> None:
    refused(seewhy(*words), told)


def test_a_model_that_is_not_here_says_how_to_get_it(seewhy: Shell) -> None:
    absent = next(card for card in models.cards() if not card.ready)
    refused(seewhy(*EXPLAIN, "--model", absent.name), absent.name)


def test_an_out_folder_that_cannot_be_written_is_told_before_the_work(
    seewhy: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli, "worked", lambda *_, **__: pytest.fail("it was worked out first"))
    (tmp_path / "out").write_text("a file")
    refused(seewhy(*EXPLAIN), "--out")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_the_right_to_write(seewhy: Shell, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir(mode=0o500)
    refused(seewhy(*EXPLAIN), "--out")


def test_a_cache_folder_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    done = subprocess.run(
        [*COMMAND, "serve", "--port", "18499", "--cache", str(tmp_path / "cache")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "--cache" in done.stderr


def test_ctrl_c_is_130_without_a_traceback(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [*COMMAND, *EXPLAIN, "--out", str(tmp_path), "--evidence", "--set", "method=scorecam", "--set", "groups=0"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    with pytest.raises(subprocess.TimeoutExpired):  # Score-CAM with evidence takes a minute: it is at work by now
        process.communicate(timeout=14)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert "Traceback" not in errors


def test_an_interrupt_is_130(seewhy: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "worked", interrupted)
    assert seewhy(*EXPLAIN).code == 130


def test_models_as_json(seewhy: Shell) -> None:
    told = seewhy("models", "--json")
    cards = {card["name"]: card for card in json.loads(told.out)}
    assert told.code == 0
    assert told.err == ""
    assert cards[models.DEFAULT]["ready"]
    assert cards[models.DEFAULT]["weights_sha256"] == models.card(models.DEFAULT).digest
    remedy = cards[models.DEFAULT]["default_layer"].removeprefix("examined when loaded: seewhy ")
    assert seewhy(*remedy.split()).out.count(" default") == 1
    assert all(card["ready"] or card["remedy"] for card in cards.values())


def test_models_in_words(seewhy: Shell) -> None:
    told = seewhy("models")
    assert told.code == 0
    assert models.DEFAULT in told.out


def test_explainers_as_json_and_in_words(seewhy: Shell) -> None:
    lenses = {lens["name"]: lens for lens in json.loads(seewhy("explainers", "--json").out)}
    assert set(lenses) == set(registry())
    target = next(each for each in lenses["gradcam"]["parameters"] if each["name"] == "target")
    assert target["type"] == "int"
    assert target["optional"]
    assert target["help"]
    assert all(name in seewhy("explainers").out for name in lenses)


def test_explain_names_a_cat_and_writes_the_bundle(
    seewhy: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dashboard import export

    monkeypatch.setattr(export, "kinds_here", lambda: export.FORMATS)
    monkeypatch.setattr(export, "render", lambda _, kind: kind.encode())
    told = seewhy(*EXPLAIN)
    assert told.code == 0, told.err
    assert " cat" in told.out
    assert told.out.count("\n") == 1
    wanted = {"manifest.json", "arrays.npz", "snippet.py", "image.png", "figures"}
    assert {path.name for path in (tmp_path / "out").iterdir()} == wanted
    assert json.loads((tmp_path / "out" / "manifest.json").read_text())["values"]["target"] in range(281, 286)
    with np.load(tmp_path / "out" / "arrays.npz", allow_pickle=False) as arrays:
        assert np.isfinite(arrays["cam"]).all()


def test_evidence_lies_under_the_figures_when_it_is_measured(
    seewhy: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dashboard import export

    monkeypatch.setattr(export, "kinds_here", lambda: ("html",))
    words = ["explain", "gradcam", "--model", "menagerie_cnn", "--image", "chelsea", "--out", "out", "--with-evidence"]
    refused(seewhy(*words, "--no-evidence"), "leave out --no-evidence")
    told = seewhy(*words)
    assert told.code == 0, told.err
    assert "Evidence: " in (tmp_path / "out" / "figures" / "map.html").read_text()


@pytest.mark.parametrize("name", ["coffee", "mine.png"])
def test_a_second_picture_is_a_sample_or_a_file_and_lies_in_the_bundle(
    seewhy: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    from dashboard import export

    monkeypatch.setattr(export, "kinds_here", lambda: ())
    imagesets.sample("coffee").pil().save(tmp_path / "mine.png")
    told = seewhy(*EXPLAIN, "--set", "question=likeness", "--set", f"like={name}")
    assert told.code == 0, told.err
    assert f"supports the likeness to {name} most (cosine 0." in told.out
    assert (tmp_path / "out" / "like.png").is_file()
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["params"]["like"]["name"] == name
    assert manifest["values"]["question"] == "likeness"


def test_sources_of_images_are_listed_and_offline_is_one_sentence(seewhy: Shell) -> None:
    told = seewhy("images", "--json")
    assert told.code == 0
    known = {each["name"]: each for each in json.loads(told.out)}
    assert known["menagerie"]["ready"]
    assert not known["imagenette"]["ready"]
    assert known["imagenette"]["remedy"] == "seewhy images --get imagenette"
    assert "flowers102" in seewhy("images").out
    refused(seewhy("images", "--get", "imagenette"), "imagenette", "check the connection")
    refused(seewhy("images", "--get", "nope"), "imagenette, flowers102, oxford_pets")
    refused(
        seewhy("explain", "groups", "--model", "menagerie_cnn", "--images", "flowers102", "--out", "out"),
        "seewhy images --get flowers102",
    )


def test_what_was_done_to_read_a_photo_and_a_checkpoint_is_said(seewhy: Shell, tmp_path: Path) -> None:
    Image.new("RGB", (6000, 4000), (9, 90, 200)).save(tmp_path / "IMG_1.jpg")
    torch.manual_seed(0)
    state = timm.create_model("test_resnet", num_classes=3).state_dict()
    torch.save({f"module.{name}": value for name, value in state.items()}, tmp_path / "net.pth")
    (tmp_path / "net.json").write_text('{"architecture": "test_resnet", "num_classes": 3}')
    told = seewhy("explain", "gradcam", "--model", "net.pth", "--image", "IMG_1.jpg", "--out", "out", "--no-evidence")
    assert told.code == 0
    assert "The prefix 'module.' was taken off" in told.err
    assert "IMG_1.jpg: 24 megapixels, made smaller to 3000 x 2000 pixels." in told.err
