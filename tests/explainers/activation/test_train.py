"""A generator is trained from a page's request: watched, stopped and gone on with, kept, and offered as a prior."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import explainers
import models
from explainers import Cancelled, LocalRun
from explainers.activation.train import TrainedGenerator
from models.checkpoints import trained
from models.errors import InputError
from models.generators import file, kept, train
from tests.explainers.nets import small_cnn
from tests.models.test_small import colours


class Watched(LocalRun):
    """Remembers what a page would have drawn, and may press Cancel."""

    def __init__(self, model: models.ModelHandle, stop: str = "") -> None:
        super().__init__(model)
        self.seen: list[TrainedGenerator] = []
        self.stop = stop

    def offer(self, known: Any) -> None:
        self.seen.append(known)

    def report(self, fraction: float, note: str = "", preview: Any = None) -> None:
        if self.stop and note.startswith(self.stop):
            raise Cancelled

    def part(self, low: float, high: float) -> "Watched":
        return self


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(trained.FOLDER, str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return colours(tmp_path_factory.mktemp("generator") / "colours", 8)


def test_it_is_watched_kept_and_offered_as_a_prior(home: Path, pictures: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(train, "SHOWN", 10)
    model = small_cnn()
    run = Watched(model)
    result = explainers.explain("activation_train", model, run=run, images=str(pictures), steps=20)
    assert [seen.step for seen in run.seen] == [10, 20]
    assert not run.seen[0].tensors
    assert result.losses.shape == (2, 4)
    assert np.array_equal(result.losses, run.seen[-1].losses)
    assert np.median(result.error) < np.median(result.other)  # red is not blue
    lens = explainers.registry()["activation_train"]
    (score,) = lens.evidence(model, lens.choose(), result, LocalRun(model)).scores
    assert {"the code of another picture", "the mean picture"} == score.baselines.keys()
    file.save(kept.path_of("own/mine"), result.header, result.tensors)
    assert file.offered(model.digest).keys() == {"own/mine"}
    assert not file.offered("another")
    chosen = {"prior": "joint", "target": 1, "steps": 4, "n": 2}
    named = explainers.explain("activation", model, **chosen, generator="own/mine")
    found = explainers.explain("activation", model, **chosen)
    assert named.images.shape == (2, 32, 32, 3)
    assert np.array_equal(named.images, found.images)
    with pytest.raises(InputError, match="There is no generator 'own/other' here; there are: own/mine"):
        explainers.explain("activation", model, **chosen, generator="own/other")


def test_cancelled_it_goes_on_to_the_same_generator(home: Path, pictures: Path) -> None:
    model, chosen = small_cnn(), {"images": str(pictures), "steps": 8}
    once = explainers.explain("activation_train", model, **chosen)
    with pytest.raises(Cancelled):
        explainers.explain("activation_train", model, run=Watched(model, "step 5"), **chosen)
    assert len(list(home.rglob("*.checkpoint.safetensors"))) == 1
    again = Watched(model)
    steps = []
    again.report = lambda _fraction, note="", preview=None: steps.append(note)  # type: ignore[method-assign]
    twice = explainers.explain("activation_train", model, run=again, **chosen)
    assert [note.split()[1] for note in steps if note.startswith("step")] == ["6", "7", "8"]
    assert all(np.array_equal(once.tensors[name], twice.tensors[name]) for name in once.tensors)
    assert not list(home.rglob("*.checkpoint.safetensors"))


def test_only_the_newest_states_are_kept(home: Path) -> None:
    place = kept.waiting("first").parent
    place.mkdir(parents=True)
    for at in range(kept.WAITING + 2):
        (place / f"{at}.checkpoint.safetensors").touch()
    kept.waiting("another")
    assert len(list(place.iterdir())) == kept.WAITING


def test_grey_networks_learn_from_coloured_folders(home: Path, pictures: Path, tmp_path: Path) -> None:
    place = tmp_path / "uploaded"
    for name in ("bag", "coat"):
        (place / name).mkdir(parents=True)
        for at in range(8):
            Image.new("RGB", (40, 30), (200, at, 0)).save(place / name / f"{at}.png")
    result = explainers.explain("activation_train", models.load("fashion_lenet", "cpu"), images=str(place), steps=1)
    assert result.real.shape[1:] == (28, 28, 3)
    assert result.pictures == 14


def test_bad_input_is_one_sentence(home: Path, tmp_path: Path) -> None:
    model = small_cnn()
    with pytest.raises(InputError, match="no folder"):
        explainers.explain("activation_train", model, images=str(tmp_path / "nowhere"))
    for name in ("one", "few"):
        (tmp_path / name / "red").mkdir(parents=True)
        Image.new("RGB", (32, 32)).save(tmp_path / name / "red" / "0.png")
    with pytest.raises(InputError, match="folder of pictures for each of two or more"):
        explainers.explain("activation_train", model, images=str(tmp_path / "one"))
    (tmp_path / "few" / "blue").mkdir()
    Image.new("RGB", (32, 32)).save(tmp_path / "few" / "blue" / "0.png")
    with pytest.raises(InputError, match="give at least four of each class"):
        explainers.explain("activation_train", model, images=str(tmp_path / "few"))
    with pytest.raises(InputError, match="steps goes from 1"):
        explainers.explain("activation_train", model, images="menagerie", steps=0)
    with pytest.raises(InputError, match="A model's name has"):
        kept.path_of("own/../../etc")
