"""Bad input keeps its sentences: what each of these commands says, word for word, in ``bad_input.json``.

`python -m tests.test_bad_input` writes that file anew; a change in it is a change that people see.
"""

import contextlib
import io
import json
import sys
from pathlib import Path

import pytest

import explainers
from dashboard.cli import commands as cli
from explainers import base

FILE = Path(__file__).absolute().with_name("bad_input.json")
LITE = "--model efficientnet_lite0"
CNN = "--model menagerie_cnn"
COMMANDS = (
    "explain nothing --model efficientnet_lite0 --image chelsea --out OUT",
    "explain gradcamm --model efficientnet_lite0 --image chelsea --out OUT",
    f"explain gradcam {LITE} --out OUT",
    "explain gradcam --model efficientnet_lite9 --image chelsea --out OUT",
    "explain gradcam --model timm/resnet5 --image chelsea --out OUT",
    "explain gradcam --model timm/resnet18.nothing --image chelsea --out OUT",
    "explain gradcam --model timm/resnet18.a1_in1k --image chelsea --out OUT",
    "explain gradcam --model nothing.safetensors --image chelsea --out OUT",
    "explain gradcam --model clip/nothing --image chelsea --out OUT",
    f"explain gradcam {LITE} --image nothing.jpg --out OUT",
    f"explain gradcam {LITE} --image chelsea --set target=99999 --out OUT",
    f"explain gradcam {LITE} --image chelsea --set target=-1 --out OUT",
    f"explain gradcam {LITE} --image chelsea --set target=cat --out OUT",
    f"explain gradcam {LITE} --image chelsea --set method=nothing --out OUT",
    f"explain gradcam {LITE} --image chelsea --set layer=nothing --out OUT",
    f"explain gradcam {LITE} --image chelsea --set layer=bn2,nothing --out OUT",
    f"explain gradcam {LITE} --image chelsea --set nothing=1 --out OUT",
    f"explain gradcam {LITE} --image chelsea --set target --out OUT",
    f"explain gradcam {LITE} --image chelsea --set question=likeness --out OUT",
    f"explain gradcam {LITE} --image chelsea --set question=likeness --set like=chelsea --out OUT",
    f"explain gradcam {LITE} --image chelsea --set question=sentence --out OUT",
    f"explain gradcam {LITE} --image chelsea --set question=sentence --set words=cat --out OUT",
    f"explain gradcam {LITE} --image chelsea --set question=neuron --set neuron=5000 --out OUT",
    f"explain gradcam {LITE} --image chelsea --set question=neuron --set neuron_layer=bn1 --out OUT",
    f"explain gradcam {LITE} --image chelsea --set full=perhaps --out OUT",
    f"explain gradcam {LITE} --image chelsea --set groups=5000 --out OUT",
    f"explain gradcam {LITE} --image chelsea --set versus=1000 --out OUT",
    f"explain gradcam {LITE} --image chelsea --set method=attention_rollout --out OUT",
    f"explain saliency {LITE} --image chelsea --set method=gradcam --out OUT",
    f"explain saliency {LITE} --image chelsea --set target=99999 --out OUT",
    f"explain compare {LITE} --image chelsea --set methods=gradcam,nothing --out OUT",
    f"explain compare {LITE} --image chelsea --set over=layers --set method=saliency --out OUT",
    f"explain mistake {LITE} --image chelsea --set truth=99999 --out OUT",
    f"explain neurons {LITE} --image chelsea --set images=nothing --out OUT",
    f"explain groups {CNN} --set cls=99 --out OUT",
    f"explain groups {CNN} --set split=classes --out OUT",
    f"explain groups {CNN} --set split=source --out OUT",
    f"explain localise {CNN} --set images=nothing --out OUT",
    f"explain tcav {CNN} --set concept=nothing --out OUT",
    f"explain fooling {CNN} --set children=0 --out OUT",
    f"explain fooling {CNN} --set classes=99 --out OUT",
    f"explain fooling {CNN} --set crops=3 --out OUT",
    "explain fooling --model menagerie_vit --set size=64 --out OUT",
    f"explain fooling_lineage {CNN} --set encoding=direct --out OUT",
    f"explain activation {CNN} --set condition=difference --set versus=0 --out OUT",
    f"explain activation {CNN} --set condition=channel --set channel=9999 --out OUT",
    f"explain activation {CNN} --set independent=efficientnet_lite0 --out OUT",
    f"explain localise {CNN} --set method=nothing --out OUT",
    f"explain concepts {CNN} --set cls=99 --out OUT",
    f"explain concepts {CNN} --set k=0 --out OUT",
    f"explain concepts {CNN} --set k=51 --out OUT",
    f"explain concepts {CNN} --set layer=nothing --out OUT",
    f"explain concepts {CNN} --images nothing --set cls=3 --out OUT",
    f"explain concept_match {CNN} --set cls=3 --out OUT",
    f"explain concept_match {CNN} --set cls=3 --set other=nothing --out OUT",
    f"explain concept_named {CNN} --set cls=3 --out OUT",
    "calibrate --model efficientnet_lite0",
    "calibrate --model menagerie_cnn --methods gradcam,nothing",
    "calibrate --model menagerie_cnn --scenes 1",
    "train menagerie --name nothing --out net.safetensors",
    "menagerie export --per-class 0 --out OUT",
    "menagerie export --size 5 --out OUT",
    "models --get nothing",
    "images --get nothing",
    "nothing",
)


def sentence(command: str, folder: Path) -> str:
    """What ``seewhy COMMAND`` says on standard error, and its exit status where that is not 2."""
    words, before = io.StringIO(), sys.argv
    sys.argv = ["seewhy", *command.replace("OUT", str(folder)).split()]
    try:
        with contextlib.redirect_stderr(words), contextlib.redirect_stdout(io.StringIO()):
            cli.main()
    except SystemExit as ended:
        status = ended.code
    finally:
        sys.argv = before
    lines = [line.replace(str(folder), "OUT") for line in words.getvalue().splitlines() if line.strip()]
    return " ".join(lines) if status == 2 else f"exit {status}"


@pytest.fixture(autouse=True)
def _ours_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the lenses that other tests of this process have registered."""
    explainers.registry()
    ours = {name: lens for name, lens in base._REGISTRY.items() if lens.function.__module__.startswith("explainers.")}
    monkeypatch.setattr(base, "_REGISTRY", ours)


@pytest.mark.parametrize("command", COMMANDS)
def test_bad_input_keeps_its_sentence(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert sentence(command, tmp_path) == json.loads(FILE.read_text())[command]


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        FILE.write_text(json.dumps({each: sentence(each, Path(folder)) for each in COMMANDS}, indent=1) + "\n")
