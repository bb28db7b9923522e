"""Results as bytes and back: exact, and never a pickle."""

import io
import pickle
from dataclasses import dataclass

import numpy as np
import pytest

from explainers import Evidence, Result, Score, codec
from models.errors import InputError


@dataclass(frozen=True, kw_only=True)
class Example(Result):
    """Arrays of several kinds, and values that JSON has trouble with."""

    image: np.ndarray
    scores: np.ndarray
    pairs: tuple[tuple[int, str, float], ...]
    value: float
    name: str = "a"
    parts: dict[str, np.ndarray]


def example(**changed) -> Example:
    values = {
        "image": np.arange(12, dtype=np.uint8).reshape(2, 2, 3),
        "scores": np.array([1.5, np.nan, -np.inf], np.float32),
        "pairs": ((1, "ä", 0.25), (2, "b", float("nan"))),
        "value": float("inf"),
        "parts": {"x": np.zeros((0, 3), bool)},
    }
    return Example(**{**values, **changed})


def test_everything_comes_back_exactly() -> None:
    before = example()
    after = codec.unpack(codec.pack(before), Example)
    for name in ("image", "scores"):
        np.testing.assert_array_equal(getattr(after, name), getattr(before, name))
        assert getattr(after, name).dtype == getattr(before, name).dtype
    assert after.pairs[0] == (1, "ä", 0.25)
    assert isinstance(after.pairs, tuple)
    assert np.isnan(after.pairs[1][2])
    assert after.value == float("inf")
    assert after.parts["x"].shape == (0, 3)
    assert after.parts["x"].dtype == bool


def test_evidence_comes_back() -> None:
    score = Score(
        name="a",
        title="A",
        value=float("nan"),
        reading="Why.",
        baselines={"b": 0.5},
        interval=(0.1, 0.2),
        curves={"c": np.arange(3.0)},
        axes=("x", "y"),
    )
    (again,) = codec.unpack(codec.pack(Evidence(scores=(score,))), Evidence).scores
    assert np.isnan(again.value)
    assert again.interval == (0.1, 0.2)
    np.testing.assert_array_equal(again.curves["c"], [0, 1, 2])


def test_arrays_of_objects_are_refused() -> None:
    with pytest.raises(TypeError, match="Python objects"):
        codec.pack(example(image=np.array([object()])))


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04 nonsense", b"\x93NUMPY\x01\x00", pickle.dumps({"a": 1})])
def test_damaged_bytes_are_one_sentence(data: bytes) -> None:
    with pytest.raises(InputError, match="damaged"):
        codec.unpack(data, Example)


def test_truncated_and_foreign_bytes_are_one_sentence() -> None:
    with pytest.raises(InputError, match="damaged"):
        codec.unpack(codec.pack(example())[:-30], Example)
    with pytest.raises(InputError, match="damaged"):
        codec.unpack(codec.pack(Evidence(scores=())), Example)


def test_a_pickle_inside_the_archive_is_never_opened() -> None:
    buffer = io.BytesIO()
    np.savez(buffer, **{codec.META: np.array([{"x": 1}], dtype=object)})
    with pytest.raises(InputError, match="damaged"):
        codec.unpack(buffer.getvalue(), Example)


def test_arrays_and_values_are_told_apart() -> None:
    assert set(codec.arrays_of(example())) == {"image", "scores"}
    values = codec.values_of(example())
    assert values["name"] == "a"
    assert "image" not in values
