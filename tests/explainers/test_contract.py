"""Every explainer keeps the promises of the house.

A lens whose explainers need more than a picture gives its own examples in ``tests/explainers/<lens>/example.py``:
``example(name) -> (ModelHandle, dict of chosen values)``, small enough to be answered in a fraction of a second.
"""

import contextlib
import dataclasses
import importlib.util
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import explainers
import models
from dashboard.engine.jobs import StoredEntry
from dashboard.pages import home_of
from explainers import Cancelled, Evidence, LocalRun, Request, codec, knobs, params_of, takes_image
from explainers.kinds import Classes, Many, Number, Picture, Switch, Whole
from models import ModelHandle
from tests.explainers.nets import BombError, fingerprint, marked, photo, small_cnn

ROOT = Path(__file__).parents[2]
# Those of the house: the engine's tests register explainers of their own, which promise nothing.
LENSES = {
    name: lens for name, lens in explainers.registry().items() if lens.function.__module__.startswith("explainers.")
}
each_lens = pytest.mark.parametrize("lens", LENSES.values(), ids=LENSES)


def example(lens: Any) -> tuple[ModelHandle, dict[str, Any]]:
    path = Path(__file__).parent / lens.lens / "example.py"
    if path.is_file():
        spec = importlib.util.spec_from_file_location(f"example_{lens.lens}", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module.example(lens.name)
    return small_cnn(), {"image": photo()} if takes_image(lens.params) else {}


def run_of(model: ModelHandle, params: Any, told: Any = None) -> LocalRun:
    return LocalRun(model, params.seed, told)


@cache
def answered(name: str) -> tuple[ModelHandle, Any, Any]:
    lens = LENSES[name]
    model, chosen = example(lens)
    params = params_of(lens, chosen)
    return model, params, lens(model, params, run_of(model, params))


def explained(lens: Any) -> tuple[ModelHandle, Any, Any]:
    """The example and its answer, worked out once for all tests that leave both alone."""
    return answered(lens.name)


def arrays_in(value: Any) -> list[np.ndarray]:
    if isinstance(value, np.ndarray):
        return [value]
    if isinstance(value, torch.Tensor):
        raise TypeError("a result holds no tensors")
    if dataclasses.is_dataclass(value):
        return [a for f in dataclasses.fields(value) for a in arrays_in(getattr(value, f.name))]
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, tuple | list) else ()
    return [array for part in parts for array in arrays_in(part)]


def same(a: Any, b: Any) -> bool:
    first, second = arrays_in(a), arrays_in(b)
    equal = [
        x.dtype == y.dtype and np.array_equal(x, y, equal_nan=x.dtype.kind == "f")
        for x, y in zip(first, second, strict=False)
    ]
    return len(first) == len(second) and all(equal) and codec.pack(a) == codec.pack(b)


@each_lens
def test_result_is_of_the_right_type_and_finite(lens: Any) -> None:
    _, _, result = explained(lens)
    assert type(result) is lens.result
    assert dataclasses.is_dataclass(result)
    assert type(result).__dataclass_params__.frozen
    found = arrays_in(result)
    assert found
    assert all(np.isfinite(array).all() for array in found if array.dtype.kind == "f")
    assert isinstance(result.sentence, str)


@each_lens
def test_evidence_is_scores_with_plain_readings(lens: Any) -> None:
    model, params, result = explained(lens)
    evidence = lens.evidence(model, params, result, run_of(model, params))
    assert isinstance(evidence, Evidence)
    assert evidence.scores
    for score in evidence.scores:
        assert score.title
        assert score.reading.endswith(".")
        assert score.reading.count("\n") == 0
        assert score.name.isidentifier()
    assert same(codec.unpack(codec.pack(evidence), Evidence), evidence)
    assert same(lens.evidence(model, params, result, run_of(model, params)), evidence), "same seed, same evidence"


@each_lens
def test_same_seed_gives_the_same_arrays(lens: Any) -> None:
    model, params, result = explained(lens)
    assert same(lens(model, params, run_of(model, params)), result)


@each_lens
def test_result_survives_pack_and_unpack(lens: Any) -> None:
    _, _, result = explained(lens)
    again = codec.unpack(codec.pack(result), lens.result)
    assert same(again, result)
    assert again.sentence == result.sentence
    for each in dataclasses.fields(result):
        before, after = getattr(result, each.name), getattr(again, each.name)
        assert type(after) is type(before)
        if not isinstance(before, np.ndarray) and not dataclasses.is_dataclass(before):
            assert codec.values_of(result).keys() == codec.values_of(again).keys()


@each_lens
def test_model_is_left_as_found(lens: Any) -> None:
    model, chosen = example(lens)
    params = params_of(lens, chosen)
    before = fingerprint(marked(model).network)
    result = lens(model, params, run_of(model, params))
    assert fingerprint(model.network) == before
    lens.evidence(model, params, result, run_of(model, params))
    assert fingerprint(model.network) == before


@each_lens
def test_model_is_left_as_found_after_an_exception(lens: Any) -> None:
    model, chosen = example(lens)
    if not hasattr(model.network, "bomb"):
        pytest.skip("this lens explains nothing that could break here")
    params = params_of(lens, chosen)
    result = lens(model, params, run_of(model, params))
    marked(model).network.bomb.lit = True
    before = fingerprint(model.network)
    with pytest.raises(BombError):
        lens(model, params, run_of(model, params))
    assert fingerprint(model.network) == before
    with contextlib.suppress(BombError):  # some evidence is read off the result alone
        lens.evidence(model, params, result, run_of(model, params))
    assert fingerprint(model.network) == before


@each_lens
@pytest.mark.parametrize("calls", [0, 1])
def test_stops_when_told(lens: Any, calls: int) -> None:
    model, params, result = explained(lens)
    before = fingerprint(model.network)

    def stop_after(limit: int) -> Any:
        told = []

        def report(_fraction: float, _note: str) -> None:
            told.append(1)
            if len(told) > limit:
                raise Cancelled

        return report

    with pytest.raises(Cancelled):
        lens(model, params, run_of(model, params, stop_after(calls)))
    with pytest.raises(Cancelled):
        lens.evidence(model, params, result, run_of(model, params, stop_after(calls)))
    assert fingerprint(model.network) == before


@each_lens
def test_reports_go_up_from_0_to_1(lens: Any) -> None:
    model, chosen = example(lens)
    params, told = params_of(lens, chosen), []
    lens(model, params, run_of(model, params, lambda fraction, note: told.append((fraction, note))))
    fractions = [fraction for fraction, _ in told]
    assert fractions == sorted(fractions)
    assert all(0 <= fraction <= 1 for fraction in fractions)
    assert all(note for _, note in told)


def other_value(knob: Any) -> Any:
    """A value that is allowed and not the default."""
    kind = knob.kind
    if isinstance(kind, Many):
        return (next(reversed(kind.options()), 1 if isinstance(kind, Classes) else "bn2"),)
    if knob.choices:
        return next(choice for choice in knob.choices if choice != knob.default)
    if isinstance(kind, Switch):
        return not knob.default
    if isinstance(kind, Picture):
        return photo(8)
    if not isinstance(kind, Number):
        return "bn2"
    near = knob.default if knob.default is not None else kind.low or 0
    if isinstance(kind, Whole):
        return near + 1 if kind.high is None or near < kind.high else near - 1
    return (near + (kind.low if near == kind.high else kind.high)) / 2


@each_lens
def test_key_changes_with_every_parameter_model_and_image(lens: Any) -> None:
    _, chosen = example(lens)
    base = Request(lens.name, models.DEFAULT, params_of(lens, chosen))
    keys = {base.key, base.evidence().key, Request(lens.name, "efficientnet_lite1", base.params).key}
    changed = [dataclasses.replace(base.params, **{knob.name: other_value(knob)}) for knob in knobs(lens.params)]
    if takes_image(lens.params):
        changed.append(dataclasses.replace(base.params, image=photo(7)))
    keys |= {Request(lens.name, models.DEFAULT, params).key for params in changed}
    assert len(keys) == 3 + len(changed)
    assert Request(lens.name, models.DEFAULT, params_of(lens, example(lens)[1])).key == base.key


@each_lens
def test_request_survives_json(lens: Any) -> None:
    _, chosen = example(lens)
    request = Request(lens.name, models.DEFAULT, params_of(lens, chosen))
    photos = {value.digest: value for value in chosen.values() if isinstance(value, models.Photo)}
    again = Request.from_json(request.to_json(), photos.__getitem__)
    assert again == request
    assert again.key == request.key


@each_lens
def test_has_page_paper_and_about(lens: Any) -> None:
    entry = StoredEntry(
        key="",
        part="result",
        explainer=lens.name,
        model=models.DEFAULT,
        when="",
        seconds=0.0,
        bytes=0,
        params=codec.params_to_json(params_of(lens, example(lens)[1])),
    )
    assert home_of(entry) is not None
    assert lens.paper.startswith("https://")
    assert lens.title
    assert "Limits:" in lens.about, "About says what the method cannot show"


@each_lens
def test_every_choice_has_help(lens: Any) -> None:
    for knob in knobs(lens.params):
        assert knob.help.endswith(".")
        assert knob.label
        assert knob.accept(knob.default) == knob.default
