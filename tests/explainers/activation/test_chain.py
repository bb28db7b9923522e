"""Chains of a generator's codes: they reach the class, one pass a step, and DGN-AM is the sampler without prior."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import explainers
import models
from explainers import LocalRun
from explainers.activation.realism import nearest
from models.errors import InputError, UnfitError
from models.generators import file
from models.generators.encoder import Encoder
from tests.explainers.nets import small_cnn

CLASS = 1  # trousers


@pytest.fixture(scope="module")
def lenet() -> models.ModelHandle:
    return models.load("fashion_lenet", "cpu")


def ask(model: models.ModelHandle, **chosen: Any) -> Any:
    return explainers.explain("activation", model, **{"prior": "joint", "target": CLASS, "steps": 30, "n": 3, **chosen})


@pytest.mark.parametrize("prior", ["joint", "noiseless", "ppgn_h", "dgn_am", "ppgn_x"])
def test_every_prior_climbs_to_the_class(prior: str, lenet: models.ModelHandle) -> None:
    result = ask(lenet, prior=prior, steps=60)
    assert result.images.shape == (3, 28, 28, 3)
    assert result.trace.shape == (60, 3)
    assert result.h.shape == (3, 784 if prior == "ppgn_x" else 120)
    assert result.trace[-1].mean() > result.trace[0].mean()
    assert np.median(result.probability) > 0.5
    assert "Narrow ResNet" in result.judge


def test_dgn_am_is_joint_without_prior_and_noise_bit_for_bit(lenet: models.ModelHandle) -> None:
    one, other = ask(lenet, prior="dgn_am"), ask(lenet, e1=0.0, e3=0.0)
    assert np.array_equal(one.h, other.h)
    assert np.array_equal(one.images, other.images)
    assert not np.array_equal(one.h, ask(lenet).h)


def test_a_step_is_the_papers_equation(lenet: models.ModelHandle) -> None:
    """One step by hand: u + e1 (E(G(h)) - h) / s + e2 d log p / du, without noise."""
    result = ask(lenet, prior="noiseless", steps=1, e1=0.2, e2=0.3)
    trained = file.load(file.path_of(lenet, None), lenet)
    g, encoder = trained.generator, Encoder(lenet, trained.about.plan)
    random = torch.Generator().manual_seed(int(np.random.default_rng(0).integers(2**62)))
    u = ((trained.start(3, random) - g.mean) / g.std).requires_grad_()
    x = g(g.mean + u * g.std)
    encoded = encoder(x)
    encoded.logits.log_softmax(1)[:, CLASS].sum().backward()
    moved = u + 0.2 * ((encoded.h - g.mean) / g.std - u) + 0.3 * u.grad
    assert np.allclose(result.h, (g.mean + moved * g.std).detach().numpy(), atol=1e-4)


def test_a_step_runs_the_classifier_once(lenet: models.ModelHandle) -> None:
    counts = []
    for steps in (10, 30):
        calls: list[int] = []
        handle = lenet.network.register_forward_hook(lambda *_, calls=calls: calls.append(1))
        ask(lenet, steps=steps)
        handle.remove()
        counts.append(len(calls))
    assert counts[1] - counts[0] == 20


def test_a_chain_can_change_its_class_on_the_way(lenet: models.ModelHandle) -> None:
    result = ask(lenet, steps=80, then=8)
    assert result.label == "bag"
    assert np.median(result.probability) > 0.5
    assert result.trace[39].mean() > result.trace[40].mean()  # trousers are no bag


def test_the_evidence_names_what_knows_nothing(lenet: models.ModelHandle) -> None:
    chosen = {"prior": "joint", "target": CLASS, "steps": 60, "n": 4}
    run = LocalRun(lenet)
    result = explainers.explain("activation", lenet, run=run, **chosen)
    lens = explainers.registry()["activation"]
    scores = {score.name: score for score in lens.evidence(lenet, lens.choose(**chosen), result, run).scores}
    assert {"probability", "independent", "variety", "realism", "memorisation", "gap"} <= scores.keys()
    assert "codes by lot" in scores["realism"].baselines
    assert scores["memorisation"].value > 0
    assert "real pictures of the class" in scores["variety"].baselines


def test_nearest_by_hand() -> None:
    points, others = np.array([[0.0], [5.0]]), np.array([[1.0], [7.0]])
    assert nearest(points, others).tolist() == [1.0, 2.0]
    assert nearest(others, others, itself=True).tolist() == [6.0, 6.0]


def test_bad_input_is_one_sentence(lenet: models.ModelHandle, tmp_path: Path) -> None:
    tiny = small_cnn()
    with pytest.raises(UnfitError, match="choose maco, fourier or none"):
        explainers.explain("activation", tiny, prior="joint")
    with pytest.raises(InputError, match="cannot be read as a generator"):
        ask(lenet, generator=str(tmp_path / "none.safetensors"))
    with pytest.raises(InputError, match="draws for fashion_lenet"):
        explainers.explain("activation", tiny, prior="joint", generator=str(file.shipped()["fashion_lenet"]))
