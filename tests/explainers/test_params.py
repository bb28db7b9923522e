"""What a person may choose: bounds, texts, and the order of the form."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pytest

from explainers import ImageParams, Params, knob, knobs, takes_image
from explainers.kinds import Classes, Layers, Names, Picture, Text, Whole
from explainers.params import photos, read
from models import Photo
from models.errors import InputError
from tests.explainers.nets import photo


@dataclass(frozen=True, kw_only=True)
class Choices(Params):
    """An example with every kind of knob."""

    count: int = knob(3, 1, 10, "How many.")
    share: float = knob(0.5, 0, 1, "How much.", more=True)
    way: Literal["fast", "slow"] = knob("fast", help="Which way.", label="Way to go")
    loud: bool = knob(False, help="Whether to say so.", only={"way": ("slow",)})
    layer: str | None = knob(None, help="Where.")
    target: int | None = knob(None, 0, None, "What.")


def test_knobs_come_in_order_with_the_seed_last() -> None:
    found = {each.name: each for each in knobs(Choices)}
    assert list(found) == ["count", "share", "way", "loud", "layer", "target", "seed"]
    assert found["count"].kind == Whole(1, 10)
    assert found["way"].choices == ("fast", "slow")
    assert found["way"].label == "Way to go"
    assert found["layer"].optional
    assert found["layer"].kind == Text()
    assert not found["count"].optional
    assert found["share"].more
    assert found["loud"].only == {"way": ("slow",)}
    assert takes_image(ImageParams)
    assert not takes_image(Choices)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("count", 0, "count goes from 1 to 10; got 0"),
        ("count", 11, "count goes from 1 to 10"),
        ("count", 2.5, "count is a whole number"),
        ("count", True, "count is a whole number"),
        ("count", None, "count is a whole number"),
        ("share", float("nan"), "share goes from 0 to 1"),
        ("share", "x", "share is a number"),
        ("way", "sideways", "way is one of fast, slow"),
        ("loud", 1, "loud is true or false"),
        ("target", -1, "target is at least 0; got -1"),
        ("seed", -1, "seed goes from 0"),
    ],
)
def test_values_out_of_bounds_are_refused_with_the_bounds(name: str, value: object, words: str) -> None:
    with pytest.raises(InputError, match=words):
        Choices(**{name: value})


def test_values_at_the_bounds_are_allowed() -> None:
    chosen = Choices(count=10, share=1, layer="stage", target=0, seed=2**31 - 1)
    assert (chosen.count, chosen.share) == (10, 1)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("count=4", 4),
        ("share=0.25", 0.25),
        ("way=slow", "slow"),
        ("loud=yes", True),
        ("loud=0", False),
        ("layer=", None),
        ("layer=stage", "stage"),
        ("target=auto", None),
        ("target=7", 7),
    ],
)
def test_texts_become_values(text: str, value: object) -> None:
    name, _, given = text.partition("=")
    assert read(Choices, {name: given}) == {name: value}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("count=four", "count is a whole number; got 'four'"),
        ("count=99", "1 to 10"),
        ("loud=maybe", "true or false"),
        ("nothing=1", "no parameter 'nothing'; the parameters are: count, share"),
        ("share=nan", "0 to 1"),
    ],
)
def test_texts_that_are_no_values_are_refused(text: str, words: str) -> None:
    name, _, given = text.partition("=")
    with pytest.raises(InputError, match=words):
        read(Choices, {name: given})


@dataclass(frozen=True, kw_only=True)
class Pair(ImageParams):
    """A picture, and another one beside it."""

    other: Photo | None = knob(None, help="The other.")  # noqa: RUF009 - a field, as everywhere


def test_a_picture_can_be_a_choice() -> None:
    (other, _seed) = knobs(Pair)
    assert other.kind == Picture()
    assert other.optional
    assert read(Pair, {"other": "cat.png"}) == {"other": "cat.png"}, "whoever knows the place opens it"
    assert read(Pair, {"other": ""}) == {"other": None}
    assert photos(Pair(image=photo(1))) == {"image": photo(1)}
    assert photos(Pair(image=photo(1), other=photo(2))) == {"image": photo(1), "other": photo(2)}
    with pytest.raises(InputError, match=r"other is a picture; got 'cat.png'"):
        Pair(image=photo(1), other="cat.png")


def test_a_choice_has_an_effect_only_under_those_that_it_names() -> None:
    count, loud = (next(each for each in knobs(Choices) if each.name == name) for name in ("count", "loud"))
    assert count.effective({"way": "fast"})
    assert not loud.effective({"way": "fast"})
    assert loud.effective({"way": "slow"})


@dataclass(frozen=True, kw_only=True)
class Lists(Params):
    """Several of a kind."""

    layers: tuple[str, ...] | None = knob(None, kind=Layers(), auto="the last", help="Where")
    methods: tuple[str, ...] | None = knob(None, kind=Names(of={"one": "The first", "two": ""}), help="How.")
    classes: tuple[int, ...] | None = knob(None, kind=Classes(), help="What.")


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("layers", "a, b", ("a", "b")),
        ("methods", "two,one", ("two", "one")),
        ("classes", "3,1", (3, 1)),
        ("layers", "", None),
    ],
)
def test_lists_are_written_with_commas_and_held_as_tuples(name: str, text: str, value: object) -> None:
    choice = next(each for each in knobs(Lists) if each.name == name)
    assert read(Lists, {name: text}) == {name: value}
    assert getattr(Lists(**{name: text or None}), name) == value
    assert getattr(Lists(**{name: list(value) if value else None}), name) == value
    assert choice.read(choice.write(value)) == value


def test_a_list_refuses_what_is_not_in_its_table() -> None:
    with pytest.raises(InputError, match=r"There is no method 'three'; there are: one, two\."):
        Lists(methods=("one", "three"))
    with pytest.raises(InputError, match=r"classes is whole numbers with commas between; got 'x'"):
        Lists(classes="1,x")
    assert knobs(Lists)[0].help == "Where; the last when left open."


def test_numbers_of_numpy_become_plain_ones() -> None:
    chosen = Choices(count=np.int64(4), share=np.float32(0.5), loud=np.True_)
    assert [type(value) for value in (chosen.count, chosen.share, chosen.loud)] == [int, float, bool]
