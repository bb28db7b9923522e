"""Evolution goes on where it was, keeps what it promises of files and sizes, and says what it cannot do."""

import dataclasses
import io

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

import explainers
import models
from explainers import Cancelled, LocalRun
from explainers.fooling import chunk
from explainers.fooling.chunk import StretchParams, begin, fooling_stretch, pack, unpack
from explainers.fooling.evolution import Evolution, Individual
from explainers.fooling.judge import judge_of, ten
from explainers.fooling.settings import SETTINGS
from models.errors import InputError, UnfitError
from tests.explainers.nets import small_cnn

FEW = StretchParams(size=12, children=5, generations=6, seed=3)


def evolution_of(params: StretchParams) -> Evolution:
    return begin(judge_of(small_cnn(), None, 1), params)


@pytest.mark.parametrize("search", ["tuned", "paper"])
@pytest.mark.parametrize("encoding", ["cppn", "direct"])
def test_a_pause_changes_nothing(encoding: str, search: str) -> None:
    params = dataclasses.replace(FEW, encoding=encoding, search=search)
    judge = judge_of(small_cnn(), None, 1)
    whole, first, second = (evolution_of(params) for _ in range(3))
    for _ in range(6):
        whole.step(judge)
    for _ in range(2):
        first.step(judge)
    unpack(second, pack(first))
    for _ in range(4):
        second.step(judge)
    a, b = pack(whole), pack(second)
    for name in ("confidence", "updates", "switches", "history", "owner", "parent", "cell"):
        assert np.array_equal(getattr(a, name), getattr(b, name)), name
    assert all(np.array_equal(a.genomes[name], b.genomes[name]) for name in a.genomes)


def test_the_papers_rate_halves_and_settled_classes_have_fewer_children() -> None:
    paper, tuned = (SETTINGS[search]["direct"] for search in ("paper", "tuned"))
    assert [paper.moves.at(generation) for generation in (0, 999, 1000, 2000)] == [0.1, 0.1, 0.05, 0.025]
    assert tuned.moves.at(5000) == tuned.moves.rate
    evolution = begin(judge_of(small_cnn(), None, 1), dataclasses.replace(FEW, encoding="direct", children=4000))
    evolution.history.append(np.zeros(5))
    evolution.elites.tell([Individual(evolution.encoding.random(np.random.default_rng(0)))], np.array([[0.995] * 5]))
    evolution.elites.confidence[:2] = 0.5
    children = evolution.breed(np.random.default_rng(1))
    counts = np.bincount([child.cell for child in children], minlength=5)
    assert counts[:2].min() > 5 * counts[2:].max()


def test_the_tuned_search_draws_at_random_first() -> None:
    judge, drawn = judge_of(small_cnn(), None, 1), []
    evolution = begin(judge, FEW)
    for _ in range(FEW.generations):
        drawn.append({child.cell == -1 for child in evolution.breed(np.random.default_rng(0))})
        evolution.step(judge)
    assert drawn == [{True}] * 4 + [{False}] * 2


def test_a_run_asks_for_stretches_each_going_on_from_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    model, asked = small_cnn(), []
    monkeypatch.setattr(chunk, "STRETCH", 1)  # pixels: one generation a stretch

    class Watched(LocalRun):
        def reuse(self, request):
            asked.append(request)
            return super().reuse(request)

    small = {"size": 16, "children": 4}
    whole = explainers.explain("fooling", model, run=Watched(model), evaluations=12, **small)
    ends = [request.params.generations for request in asked if request.explainer == fooling_stretch.name]
    assert sorted(set(ends)) == [1, 2, 3]
    monkeypatch.undo()
    assert np.array_equal(explainers.explain("fooling", model, evaluations=12, **small).images, whole.images)


def test_every_class_keeps_its_best_and_the_history_never_falls() -> None:
    result = explainers.explain("fooling", small_cnn(), evaluations=60, children=10, size=16)
    assert result.evaluations == 60
    assert result.images.shape == (5, 16, 16, 3)
    assert (np.diff(result.history, axis=0) >= 0).all()
    assert np.allclose(result.history[-1], np.percentile(result.confidence, (0, 25, 50, 75, 100)))
    assert result.updates.min() >= 1
    assert (result.switches <= result.updates).all()


def test_the_confidence_is_that_of_the_file() -> None:
    model = small_cnn()
    result = explainers.explain("fooling", model, evaluations=30, children=10, size=16)
    for cls, image in enumerate(result.images):
        buffer = io.BytesIO()
        Image.fromarray(image).save(buffer, "PNG")
        pixels = np.asarray(Image.open(buffer).convert("RGB"))[None]
        with torch.no_grad():
            chance = model.network(model.normalise(pixels)).softmax(1)[0, cls]
        assert result.confidence[cls] == pytest.approx(float(chance), abs=1e-5)


def test_evolution_beats_random_pictures_where_the_answer_can_be_raised() -> None:
    """A network that is sure of class 1 only where the right half is bright and the left dark."""

    class Halves(nn.Module):
        def forward(self, x):
            left, right = x[..., : x.shape[-1] // 2].mean((1, 2, 3)), x[..., x.shape[-1] // 2 :].mean((1, 2, 3))
            score = 12 * (right - left - 0.7)
            return torch.stack([-score, score], 1)

    model = models.wrap(Halves(), input_size=(3, 24, 24), labels=["no", "yes"])
    result = explainers.explain("fooling", model, evaluations=600, children=50, search="paper")
    lens = explainers.registry()["fooling"]
    params = lens.choose(evaluations=600, children=50, search="paper")
    scores = {score.name: score for score in lens.evidence(model, params, result, LocalRun(model)).scores}
    assert result.confidence[1] > 0.9
    right, left = result.images[1][:, 12:].mean(), result.images[1][:, :12].mean()
    assert right > left + 150
    assert scores["median_confidence"].value > scores["median_confidence"].baselines["random pictures"]
    assert scores["png"].value < 1e-6


def test_some_classes_and_ten_crops() -> None:
    result = explainers.explain("fooling", small_cnn(), evaluations=10, children=5, size=32, classes=(3, 1), crops=10)
    assert result.classes.tolist() == [1, 3]
    pictures = np.random.default_rng(0).integers(0, 256, (2, 16, 16, 3), np.uint8)
    views = list(ten(pictures))
    assert {view.shape for view in views} == {(2, 14, 14, 3)}
    assert np.array_equal(views[1], views[0][:, :, ::-1])
    assert np.array_equal(views[8], pictures[:, 1:15, 1:15])


def test_a_grey_network_gets_grey_pictures() -> None:
    network = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3))
    model = models.wrap(network, input_size=(1, 28, 28), labels=["a", "b", "c"])
    for encoding in ("cppn", "direct"):
        images = explainers.explain("fooling", model, evaluations=8, children=4, encoding=encoding).images
        assert (images == images[..., :1]).all()


def test_the_line_of_a_champion_ends_with_it() -> None:
    model = small_cnn()
    chosen = {"evaluations": 60, "children": 10, "size": 16}
    line = explainers.explain("fooling_lineage", model, target=2, **chosen)
    champions = explainers.explain("fooling", model, **chosen)
    assert np.array_equal(line.images[-1], champions.images[2])
    assert line.confidence[-1] == pytest.approx(champions.confidence[2], abs=1e-6)
    assert line.held[-1] == model.card.labels[2]
    with pytest.raises(UnfitError, match="choose encoding cppn"):
        explainers.explain("fooling_lineage", model, encoding="direct", **chosen)
    with pytest.raises(InputError, match="add it to classes"):
        explainers.explain("fooling_lineage", model, target=2, classes=(0, 1), **chosen)


def test_bad_input_is_one_sentence() -> None:
    model = small_cnn()
    with pytest.raises(InputError, match="children"):
        explainers.explain("fooling", model, children=0)
    with pytest.raises(InputError, match="class"):
        explainers.explain("fooling", model, classes=(99,))
    rigid = nn.Sequential(nn.Flatten(), nn.Linear(3 * 24 * 24, 4))
    fixed = models.wrap(rigid, input_size=(3, 24, 24), labels=list("abcd"))
    with pytest.raises(InputError, match="give size 24"):
        explainers.explain("fooling", fixed, size=16, evaluations=4, children=4)


def test_cancel_stops_between_generations() -> None:
    model = small_cnn()

    def stop(fraction: float, note: str) -> None:
        if note.startswith("20 evaluations"):
            raise Cancelled

    with pytest.raises(Cancelled):
        explainers.explain("fooling", model, run=LocalRun(model, 0, stop), evaluations=100, children=10, size=16)
