"""Chains of a generator's codes: they reach the class, one pass a step, and DGN-AM is the sampler without prior."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

import explainers
import models
from explainers import LocalRun
from explainers.activation.chain import PRESETS, weights_of
from explainers.activation.climb import imagine
from explainers.activation.params import ClimbParams
from explainers.activation.realism import nearest, within
from explainers.kit.langevin import Weights
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
    one, other = ask(lenet, prior="dgn_am", e2=3.0), ask(lenet, e1=0.0, e2=3.0, e3=0.0)
    assert np.array_equal(one.h, other.h)
    assert np.array_equal(one.images, other.images)
    assert not np.array_equal(one.h, ask(lenet).h)


def test_a_step_is_the_papers_equation(lenet: models.ModelHandle) -> None:
    """Two steps by hand: u + e1 (E(G(h)) - h) / s + e2 d log p / du, without noise."""
    result = ask(lenet, prior="noiseless", steps=2, e1=0.2, e2=0.3)
    trained = file.load(file.path_of(lenet, None), lenet)
    g, encoder = trained.generator, Encoder(lenet, trained.about.plan)
    random = torch.Generator().manual_seed(int(np.random.default_rng(0).integers(2**62)))
    u = (trained.start(3, random) - g.mean) / g.std
    for _ in range(2):
        u = u.detach().requires_grad_()
        encoded = encoder(g(g.mean + u * g.std))
        encoded.logits.log_softmax(1)[:, CLASS].sum().backward()
        u = u + 0.2 * ((encoded.h - g.mean) / g.std - u) + 0.3 * u.grad
    assert np.allclose(result.h, (g.mean + u * g.std).detach().numpy(), atol=1e-4)


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


def trousers() -> models.Photo:
    """Two legs, drawn by hand."""
    pixels = np.zeros((28, 28, 3), np.uint8)
    pixels[3:25, 9:13], pixels[3:25, 15:19], pixels[3:8, 9:19] = 180, 180, 180
    return models.Photo(pixels, "trousers")


def test_a_hole_is_filled_and_the_rest_stays_to_the_bit(lenet: models.ModelHandle) -> None:
    photo = trousers()
    result = ask(lenet, photo=photo, hole=0.4, hole_row=0.6, steps=40)
    inside = np.zeros((28, 28), bool)
    inside[11:22, 8:20] = True
    seen = lenet.view(photo).pixels
    assert (result.images[:, ~inside] == seen[~inside]).all()
    assert (result.images[:, inside] != seen[inside]).any()


def test_a_chain_that_begins_with_a_picture_begins_with_its_code(lenet: models.ModelHandle) -> None:
    near, far = (ask(lenet, steps=2, e1=0.0, e2=0.0, e3=0.0, **more) for more in ({"photo": trousers()}, {}))
    seen = lenet.view(trousers()).pixels.astype(float)
    distances = [np.abs(result.images.astype(float) - seen).mean() for result in (near, far)]
    assert distances[0] < distances[1]
    assert (near.images == near.images[:1]).all()


def test_the_grid_has_the_preset_and_both_zeros(lenet: models.ModelHandle) -> None:
    result = explainers.explain("activation_sweep", lenet, target=CLASS, steps=20)
    assert result.images.shape == (4, 4, 28, 28, 3)
    assert result.e1[0] == result.e2[0] == 0
    assert result.probability[2, 2] > result.probability[2, 0]
    assert (result.images[0, 0] != result.images[2, 2]).any()


def test_a_generator_is_shown_with_its_training(lenet: models.ModelHandle) -> None:
    lens, run = explainers.registry()["activation_generator"], LocalRun(lenet)
    result = explainers.explain("activation_generator", lenet, n=4)
    (score,) = lens.evidence(lenet, lens.choose(n=4), result, run).scores
    assert result.images.shape == result.again.shape == (4, 28, 28, 3)
    assert result.losses[-1, 0] < result.losses[0, 0]
    assert score.value < score.baselines["the code of another picture"]


def test_the_evidence_names_what_knows_nothing(lenet: models.ModelHandle) -> None:
    chosen = {"prior": "joint", "target": CLASS, "steps": 60, "n": 4}
    run = LocalRun(lenet)
    result = explainers.explain("activation", lenet, run=run, **chosen)
    lens = explainers.registry()["activation"]
    scores = {score.name: score for score in lens.evidence(lenet, lens.choose(**chosen), result, run).scores}
    assert {"probability", "independent", "variety", "realism", "precision", "memorisation", "gap"} <= scores.keys()
    assert "codes by lot" in scores["realism"].baselines
    assert scores["memorisation"].value > 0
    assert "real pictures of the class" in scores["variety"].baselines


def test_nearest_by_hand() -> None:
    points, others = np.array([[0.0], [5.0]]), np.array([[1.0], [7.0]])
    assert nearest(points, others).tolist() == [1.0, 2.0]
    assert nearest(others, others, itself=True).tolist() == [6.0, 6.0]
    line = np.array([[0.0], [1.0], [2.0], [10.0]])  # radii 10, 9, 8 and 10
    assert within(np.array([[-10.5], [19.0]]), line) == 0.5


def test_bad_input_is_one_sentence(lenet: models.ModelHandle, tmp_path: Path) -> None:
    tiny = small_cnn()
    with pytest.raises(UnfitError, match="choose maco, fourier or none"):
        explainers.explain("activation", tiny, prior="joint")
    with pytest.raises(InputError, match="cannot be read as a generator"):
        ask(lenet, generator=str(tmp_path / "none.safetensors"))
    with pytest.raises(InputError, match="A hole needs a picture"):
        ask(lenet, hole=0.5)
    with pytest.raises(InputError, match="covers no pixel"):
        ask(lenet, photo=trousers(), hole=0.01)
    with pytest.raises(InputError, match="draws for fashion_lenet"):
        explainers.explain("activation", tiny, prior="joint", generator=str(file.shipped()["fashion_lenet"]))


def test_a_decoder_of_ones_own_is_a_prior(lenet: models.ModelHandle, tmp_path: Path) -> None:
    source = file.load(file.path_of(lenet, None), lenet)
    plan = {"layer": "3", "grid": 0, "side": 28, "widths": [96, 48], "codes": 120, "channels": 1}
    tensors = {name: value.contiguous() for name, value in source.generator.state_dict().items()}

    def written(name: str, state: dict[str, torch.Tensor] = tensors, kind: str = "decoder", **changed: Any) -> str:
        save_file(state, tmp_path / name, {"kind": kind, "plan": json.dumps({**plan, **changed})})
        return str(tmp_path / name)

    mine = written("mine.safetensors")
    result = ask(lenet, prior="decoder", generator=mine, steps=40)
    assert result.trace[-1].mean() > result.trace[0].mean()
    assert np.median(result.probability) > 0.5
    refusals = {
        "is no decoder": written("other.safetensors", kind="generator"),
        "does not add up": written("sides.safetensors", side=30),
        "are not those of its plan": written("short.safetensors", {"mean": tensors["mean"]}),
        "draws 3 colour channels": written("colours.safetensors", channels=3),
        "cannot be read; it is JSON": written("words.safetensors", codes="many"),
        "'3' of LeNet of Fashion-MNIST gives 120": written("codes.safetensors", wider(tensors), codes=121),
    }
    for words, path in refusals.items():
        with pytest.raises(InputError, match=words):
            ask(lenet, prior="decoder", generator=path)
    with pytest.raises(UnfitError, match="has no layer"):
        ask(lenet, prior="decoder", generator=written("layer.safetensors", layer="attic"))
    with pytest.raises(InputError, match="A decoder needs its file"):
        ask(lenet, prior="decoder")
    with pytest.raises(InputError, match="is no generator"):
        ask(lenet, generator=mine)


def wider(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The same decoder for codes of one number more."""
    last = {name: torch.cat([tensors[name], tensors[name][..., :1]], -1) for name in ("mean", "std", "entry.weight")}
    return {**tensors, **{name: value.contiguous() for name, value in last.items()}}


def test_a_chain_whose_step_is_not_finite_stops_and_the_others_go_on(lenet: models.ModelHandle) -> None:
    calls = []

    def score(x: torch.Tensor) -> torch.Tensor:
        calls.append(1)
        broken = (torch.arange(len(x)) == 0) & (len(calls) > 3)
        return lenet.network(x).log_softmax(1)[:, CLASS] * torch.where(broken, float("nan"), 1.0)

    result = imagine(lenet, score, prior="joint", steps=20, n=2)
    assert result.broken.tolist() == [True, False]
    assert np.isfinite(result.trace).all()
    assert np.isfinite(result.h).all()
    assert result.trace[-1, 1] > result.trace[0, 1]


def test_a_generator_sets_the_pace_of_what_was_not_chosen() -> None:
    half = weights_of(ClimbParams(target=0, prior="joint", e1=0.3), 0.5)
    assert half == Weights(0.3, PRESETS["joint"].e2 / 2, PRESETS["joint"].e3 / 2)
