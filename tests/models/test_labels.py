"""Class names and the search over them."""

from models import labels

NAMES = ("tabby, tabby cat", "Egyptian cat", "catamaran", "dog sled", "hot dog")


def found(query: str) -> list[str]:
    return [NAMES[index] for index in labels.search(NAMES, query)]


def test_whole_words_come_first_then_beginnings_of_words_then_the_rest() -> None:
    assert found("cat") == ["tabby, tabby cat", "Egyptian cat", "catamaran"]
    assert found("gyp") == ["Egyptian cat"]
    assert found("dog") == ["dog sled", "hot dog"]


def test_every_word_must_be_held_in_any_order_and_case() -> None:
    assert found("CAT egyptian") == ["Egyptian cat"]
    assert found("purple cat") == []


def test_a_number_finds_its_class_and_one_out_of_range_finds_nothing() -> None:
    assert found("3") == ["dog sled"]
    assert found("99999") == []
    assert found("dog sled (3)") == ["dog sled"], "as lists show it"


def test_an_empty_query_lists_all() -> None:
    assert len(found("  ")) == len(NAMES)


def test_imagenet_names() -> None:
    names = labels.imagenet()
    assert len(names) == 1000
    assert "Egyptian cat" in names[285]
    assert labels.numbered(2) == ("class 0", "class 1")
