"""The concept page as somebody uses it: from the button to the bank, names that stay, and the banks beside it."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

import models
from dashboard import engine
from dashboard.engine.engine import Engine
from dashboard.engine.settings import Settings
from dashboard.figures.concepts.graph import OUTSIDER
from dashboard.pages.concepts import clip_names
from dashboard.widgets.controls import model_picker
from explainers import Request, find
from models.imagesets import samples
from tests.clips import clip_file
from tests.dashboard.conftest import Tab

LINK = {"model": "menagerie_cnn", "k": "4", "limit": "16", "pool": "100"}
CLASS = "Reed Heron"
ASKED = {"k": 4, "limit": 16, "pool": 100}


def concepts() -> None:
    from dashboard.pages import pages

    pages()["concepts"].show()


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(cache=tmp_path_factory.mktemp("pages") / "cache", devices=("cpu",), threads=1)


@pytest.fixture(scope="module", autouse=True)
def _live(settings: Settings) -> Iterator[None]:
    engine.use(Engine(settings))
    yield
    engine.use(None)


def opened(**link: str) -> Tab:
    """The page with its bank, learnt where it is not kept."""
    tab = Tab(concepts, **{**LINK, **link})
    if (begin := beginning(tab, "Learn the concepts")) is not None:
        tab.press(begin)
    tab.until(lambda each: each.figures("graph") or each.test.error)
    return tab


def beginning(tab: Tab, label: str) -> str | None:
    """The key of a button by what stands on it."""
    return next((each.key for each in tab.test.button if each.label == label), None)


def pressed(tab: Tab, label: str, until: Any) -> Tab:
    """A long comparison, begun and come."""
    tab.press(beginning(tab, label))
    tab.until(until)
    return tab


def bank_of(cls: int = 0, model: str = "menagerie_cnn") -> Any:
    return engine.current().kept(Request("concepts", model, find("concepts").params(cls=cls, **ASKED)).key)


def names(tab: Tab) -> list[str]:
    """What the cards call their concepts."""
    return [found[1] for text in tab.words() if (found := re.match(r"\*\*(.+?)\*\* · \d+% of the score", text))]


def fields(tab: Tab) -> list[Any]:
    return [each for each in tab.test.text_input if each.key.startswith("name.")]


def pictures(tab: Tab) -> str:
    """The words of every picture and figure."""
    return " ".join(str(each.proto) for kind in ("imgs", "plotly_chart") for each in tab.test.get(kind))


def test_a_button_begins_and_the_bank_comes() -> None:
    tab = Tab(concepts, **{**LINK, "cls": "1"})
    assert any("What does *Ladle Heron* rest on" in text for text in tab.headings())
    assert not tab.figures("graph")
    tab.press(beginning(tab, "Learn the concepts"))
    tab.until(lambda each: each.figures("graph"))
    bank = bank_of(1).result
    assert tab.headings()[0] == bank.sentence
    cards = names(tab)  # those that come first in few images are folded
    assert cards
    assert cards == list(bank.names)[: len(cards)], "a card for each concept, the most important first"
    tab.choose("deeper", "counts")
    assert all(tab.figures(name) for name in ("global", "fidelity", "similar"))
    assert any("16 images predicted as the class, of" in each.value for each in tab.test.caption)
    tab.until(lambda each: each.html("Reconstruction</strong>"))
    assert {"png", "svg", "pdf", "html", "bundle", "csv"} <= {each.key for each in tab.test.get("download_button")}
    assert tab.link() == {**LINK, "cls": "1", "deeper": "counts"}


def test_a_name_is_seen_by_everybody_and_stays_until_it_is_taken_back(settings: Settings) -> None:
    first, second = opened(), opened()
    before, lines = names(first), bank_of().result.clusters
    assert names(second) == before
    fields(first)[0].set_value("  long   legs ")
    first.run()
    assert names(first)[0] == names(second.run())[0] == "long legs"
    assert fields(second)[0].value == "long legs", "the field of another page shows it and does not take it back"
    assert names(second.run())[0] == "long legs"
    assert names(second)[1:] == before[1:]
    told = [line.replace(before[0], "long legs") for line in lines]
    assert any("long legs" in line for line in told)
    assert all(line in pictures(second) for line in told), "clusters carry the name"
    engine.use(Engine(settings))
    third = opened()
    assert names(third)[0] == "long legs", "also after the server was started anew"
    fields(third)[0].set_value("")
    assert names(third.run()) == names(second.run()) == before
    assert fields(second)[0].value == ""


def test_other_classes_come_with_links_that_open() -> None:
    tab = opened()
    tab.choose("deeper", "elsewhere")
    tab.choose("concept_similar.others", [1])
    pressed(tab, "Look in other classes", lambda each: any("(cosine " in words for words in each.words()))
    links = [found[1] for each in tab.test.caption if (found := re.search(r"\[Ladle Heron\]\((.+?)\):", each.value))]
    assert len(links) == ASKED["k"]
    address = urlsplit(links[0])
    assert address.path == "/concepts"
    chosen = {name: values[0] for name, values in parse_qs(address.query).items()}
    assert chosen["cls"] == "1"
    other = Tab(concepts, **chosen)
    assert other.headings()[0] == bank_of(1).result.sentence
    assert other.figures("graph"), "the bank that was learnt to compare with is the one that opens"


def test_two_models_are_compared() -> None:
    tab = opened()
    tab.choose("deeper", "elsewhere")
    tab.choose("concept_match.other", "menagerie_vit")
    pressed(tab, "Compare the models", lambda each: any("is most like" in words for words in each.words()))
    assert tab.figures("match.table")
    assert any("Menagerie" in each.value and "correlation" in each.value for each in tab.test.caption)


def test_a_concept_is_taken_apart() -> None:
    tab = opened()
    pressed(tab, "Find its parts", lambda each: any(words.value.startswith("Part 1: ") for words in each.test.caption))
    shares = [int(found[1]) for each in tab.test.caption if (found := re.match(r"Part \d+: (\d+)%", each.value))]
    assert sum(shares) == pytest.approx(100, abs=len(shares))


def test_a_picture_of_mine_lands_in_the_graph() -> None:
    tab = opened()
    assert "your image" not in str(tab.figures("graph")[0])
    tab = opened(image="chelsea")
    tab.until(lambda each: any("does not see *Reed Heron*" in words for words in each.headings()))
    assert OUTSIDER in str(tab.figures("graph")[0])
    assert "star" not in str(tab.figures("graph")[0])
    assert tab.link()["image"] == "chelsea"
    seen = models.load("menagerie_cnn", "cpu")
    cls = int(seen.network(seen.preprocess(samples()[0].photo())[None]).argmax())
    tab = opened(image="chelsea", cls=str(cls))
    tab.until(lambda each: any(re.search(r"supports? \*.*\* most", words) for words in each.headings()))
    assert "star" in str(tab.figures("graph")[0])


def test_a_class_without_images_says_so(tmp_path: Path) -> None:
    tab = opened(model=str(clip_file(tmp_path)), cls="1", pool="24")
    said = "No image of the 24 looked at in the menagerie is predicted as dog (1); choose one of those"
    assert any(words.startswith(said) for words in tab.told())
    assert not tab.figures("graph")


def test_cancel_and_run_again() -> None:
    tab = Tab(concepts, **{**LINK, "cls": "4", "pool": "4000", "limit": "400"})
    tab.press(beginning(tab, "Learn the concepts"))
    cancel = tab.until(lambda each: beginning(each, "Cancel"))
    key = cancel.removeprefix("cancel.")
    tab.until(lambda _: engine.current().state(key).fraction > 0.02)
    tab.press(cancel)
    tab.until(lambda each: "Cancelled." in each.told())
    assert not tab.figures("graph")
    tab.press(beginning(tab, "Run again"))
    assert engine.current().state(key).status in ("queued", "running")
    tab.press(tab.until(lambda each: beginning(each, "Cancel")))
    tab.until(lambda each: "Cancelled." in each.told())


def test_without_a_clip_one_line_says_how_to_get_one() -> None:
    tab = opened()
    tab.choose("deeper", "words")
    assert clip_names.HOW in [each.value for each in tab.test.caption]
    assert beginning(tab, "Propose names") is None


def test_a_proposed_name_is_taken_with_a_click(tmp_path: Path) -> None:
    clip = str(clip_file(tmp_path, labels=("cat", "dog", "sofa")))
    tab = opened(model=clip, cls="0", pool="24")
    assert clip_names.clips(model_picker.card_of(clip)) == [clip]
    tab.choose("deeper", "words")
    pressed(tab, "Propose names", lambda each: any("would call" in words for words in each.words()))
    button = tab.test.button(key="take.0.0")
    word = button.label.removeprefix("Take '").removesuffix("'")
    first = fields(tab)[0].key
    tab.press("take.0.0")
    assert word in names(tab)
    assert next(each.value for each in tab.test.text_input if each.key == first or each.value) == word
    tab.until(lambda each: each.html("Told apart</strong>"))
    assert any(each.key == "png.named" for each in tab.test.get("download_button"))


@pytest.mark.parametrize(
    ("word", "name"),
    [("a collar", "collar"), ("an eye", "eye"), ("the sky", "sky"), ("apple", "apple"), ("x" * 50, "x" * 40)],
)
def test_names_are_taken_without_their_article(word: str, name: str) -> None:
    assert clip_names.without_article(word) == name
