"""A new lens costs one explainer file, one figure function and one study line; nothing else is touched.

The three files lie in a temporary folder on the Python path. The lens is then found in the form, the link, Browse, the
export and the command line, and runs in a real worker process.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]
EXPLAINER = '''
"""The brightness of a picture, raised to a power.

Limits: it knows nothing of the network.
"""

from dataclasses import dataclass

import numpy as np

from explainers.base import AboutClass, Evidence, Run, Score, explainer
from explainers.kinds import Class
from explainers.params import ImageParams, knob
from models import ModelHandle


@dataclass(frozen=True, kw_only=True)
class ToyParams(ImageParams):
    """What can be chosen."""

    power: float = knob(2.0, 0.1, 9.0, "The power that brightness is raised to.")
    cls: int | None = knob(None, kind=Class(), auto="the first class", help="The class that is named")


@dataclass(frozen=True, kw_only=True)
class Toy(AboutClass):
    """A map (H, W)."""

    image: np.ndarray
    heatmap: np.ndarray

    @property
    def sentence(self) -> str:
        """One sentence."""
        return f"The mean brightness is {self.heatmap.mean():.2f}, whatever *{self.label}* is."


def measure(_model: ModelHandle, _params: ToyParams, result: Toy, _run: Run) -> Evidence:
    """The mean."""
    score = Score(name="mean", title="Mean", value=float(result.heatmap.mean()), reading="It is what it is.")
    return Evidence(scores=(score,))


@explainer("Toy", paper="https://example.org", evidence=measure)
def toy(model: ModelHandle, params: ToyParams, run: Run) -> Toy:
    """Raise brightness to a power."""
    run.report(0.0, "looking")
    image = model.view(params.image).pixels
    heatmap = (image.mean(2) / 255).astype(np.float32) ** params.power
    return Toy(image=image, heatmap=heatmap, label=model.card.labels[params.cls or 0])
'''
FIGURE = '''
"""Figures of the toy."""

import plotly.graph_objects as go

from dashboard.figures import Look, draws
from dashboard.figures.overlay import Map, over_photo
from dashboard.figures.style import dress
from explainers.toy.brightness import Toy


@draws(Toy)
def figures(result: Toy, look: Look) -> dict[str, go.Figure]:
    """The map over the photo."""
    shown = over_photo(result.image, Map(result.heatmap, "heat", "brightness"), look)
    return {"map": dress(shown, look, title=result.sentence)}
'''
PAGE = '''
"""How bright is it?"""

from dashboard.widgets.page import Page
from dashboard.widgets.study import Study
from explainers.toy.brightness import toy

STUDY = Study(lens=toy, title="Toy", reading=("Bright places are bright.",))
PAGE = Page(question="How bright is it?", title="Toy", order=50, studies=(STUDY,))
'''
IN_THE_BROWSER = """
import sys
from pathlib import Path

from dashboard import engine
from dashboard.engine.engine import Engine
from dashboard.engine.settings import Settings
from dashboard.figures.raster import thumbnail
from dashboard.pages import home_of, pages
from tests.dashboard.conftest import Tab, browse


def toy_page():
    from dashboard.pages import pages

    pages()["toy"].show()


if __name__ == "__main__":
    live = Engine(Settings(cache=Path(sys.argv[1]), devices=("cpu",), threads=1))
    engine.use(live)
    tab = Tab(toy_page, model="menagerie_cnn", image="chelsea", power="3.0")
    tab.until(lambda each: each.figures("map") and each.html("sw-whole"))
    assert any("mean brightness" in words for words in tab.headings()), tab.headings()
    assert [each.label for each in tab.downloads()] == ["PNG", "SVG", "PDF", "HTML", "Bundle"]
    tab.choose("toy.cls.pick", "Paddlefoot Heron (3)")
    tab.until(lambda each: each.figures("map"))
    assert tab.link() == {"model": "menagerie_cnn", "image": "chelsea", "power": "3.0", "cls": "3"}
    stored = [entry for entry in live.recent() if entry.part == "result"]
    assert dict(home_of(stored[0]).choices) == tab.link() and home_of(stored[0]).address == "toy"
    assert thumbnail(live.kept(stored[0].key).result) is not None  # the first picture of its figures
    assert Tab(browse).test.caption[0].value == "2 of 2 explanations"
    assert "toy" in pages()
    engine.use(None)
    print("seen")
"""


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("elsewhere")
    for name, text in (
        ("explainers/toy/brightness.py", EXPLAINER),
        ("explainers/toy/__init__.py", ""),
        ("dashboard/figures/toy.py", FIGURE),
        ("dashboard/pages/toy.py", PAGE),
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def run(path: Path, *command: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(path)]), "SEEWHY_CACHE": str(path / "cache")}
    done = subprocess.run([sys.executable, *command], cwd=path, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done


def test_a_toy_lens_is_found_on_the_command_line_and_exported(path: Path) -> None:
    lenses = json.loads(run(path, "-m", "dashboard.cli", "explainers", "--json").stdout)
    toy = next(lens for lens in lenses if lens["name"] == "toy")
    assert [each["name"] for each in toy["parameters"]] == ["power", "cls", "seed"]
    run(
        path,
        "-m",
        "dashboard.cli",
        "explain",
        "toy",
        "--model",
        "menagerie_cnn",
        "--image",
        "chelsea",
        "--set",
        "power=3",
        "--out",
        "out",
    )
    assert (path / "out/figures/map.html").is_file()
    with np.load(path / "out/arrays.npz", allow_pickle=False) as arrays:
        assert set(arrays.files) == {"image", "heatmap"}
    manifest = json.loads((path / "out/manifest.json").read_text())
    assert (manifest["explainer"], manifest["params"]["power"], manifest["evidence"][0]["name"]) == ("toy", 3.0, "mean")


def test_a_toy_lens_is_found_in_form_link_browse_and_export(path: Path) -> None:
    script = path / "in_the_browser.py"
    script.write_text(IN_THE_BROWSER)
    assert run(path, str(script), str(path / "pages")).stdout.endswith("seen\n")
