"""The pages without a browser, on a real engine: what is shown in each state, and what a link may and may not do."""

import json
from typing import Any

import pytest
import timm
import torch
from PIL import Image

import models
from dashboard.engine.engine import Engine
from dashboard.pages import home_of
from dashboard.pages.attribution import single
from dashboard.widgets import links, session
from dashboard.widgets.controls import image_picker
from models import imagesets
from models.errors import InputError
from tests.dashboard.conftest import Tab, attribution, browse, jobs

pytestmark = pytest.mark.usefixtures("live")
CAT, EGYPTIAN, COFFEE = 281, 285, 967


@pytest.fixture
def measured() -> None:
    """For the tests that want evidence; it takes the worker seconds, so the others go without."""


@pytest.fixture(autouse=True)
def _quick(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if "measured" not in request.fixturenames:
        monkeypatch.setattr(single, "evidence", lambda *_, **__: None)


def shown(tab: Tab, count: int = 1) -> list[Any]:
    """The figures, when all of them have come."""
    return tab.until(lambda each: len(found := each.figures()) == count and found)


def sentence(tab: Tab) -> str:
    return next(text for text in tab.headings() if "probability" in text or "Nothing" in text)


@pytest.fixture
def tab() -> Tab:
    made = Tab(attribution, image="chelsea")
    shown(made)
    return made


def test_an_empty_page_offers_three_pictures() -> None:
    tab = Tab(attribution, image="gone")
    offered = [entry.name for entry in imagesets.samples()[:3]]
    assert [key for key in tab.buttons() if key.startswith("begin.")] == [f"begin.{name}" for name in offered]
    assert any("Drop a photo" in text for text in tab.words())
    assert not tab.figures()
    tab.press(f"begin.{offered[0]}")
    shown(tab)
    assert tab.link() == {"image": offered[0]}


def test_a_page_that_nobody_has_chosen_anything_on_opens_on_its_example() -> None:
    tab = Tab(attribution)
    shown(tab)
    assert tab.link() == {"image": "coffee"}
    tab.press("pick.rocket")
    shown(tab)
    assert tab.link() == {"image": "rocket"}


def test_a_picture_comes_with_sentence_answers_export_and_provenance(tab: Tab) -> None:
    assert "cat" in sentence(tab)
    assert "Predictions" in tab.headings()
    assert len(tab.html("sw-top")) == 1
    assert [each.label for each in tab.downloads()] == ["PNG", "SVG", "PDF", "HTML", "Bundle"]
    card = models.card(models.DEFAULT)
    assert any(card.digest[:12] in each.value for each in tab.test.caption)
    assert json.loads(tab.test.json[0].value)["weights_sha256"] == card.digest


@pytest.mark.usefixtures("measured")
def test_evidence_that_is_measured_may_be_laid_under_what_is_exported(tab: Tab) -> None:
    tab.until(lambda each: each.html("sw-whole"))
    assert not tab.test.checkbox(key="scored").disabled
    tab.test.checkbox(key="scored").check()
    tab.run()
    assert len(tab.downloads()) == 5


@pytest.mark.usefixtures("measured")
def test_evidence_comes_beside_it_with_bars_and_curves(tab: Tab) -> None:
    (tiles,) = tab.until(lambda each: each.html("sw-whole"))
    assert tiles.count("sw-tile") == tiles.count("sw-bar") == 3
    assert not tab.figures("curves.")
    tab.choose("curves", True)
    assert len(tab.figures("curves.")) == 3
    assert not any(key.startswith("cancel.") for key in tab.buttons())


def test_one_click_asks_why_not_another_class(tab: Tab) -> None:
    first = sentence(tab)
    others = [key for key in tab.buttons() if key.startswith("class.")]
    assert len(others) == 4
    tab.press(others[0])
    shown(tab)
    assert tab.link()["target"] == others[0].removeprefix("class.")
    assert sentence(tab) != first


def test_several_classes_stand_side_by_side_each_with_its_sentence(tab: Tab) -> None:
    tab.choose("class", f"tabby ({CAT})")
    shown(tab)
    assert tab.link() == {"image": "chelsea", "target": f"{CAT}"}
    tab.test.session_state["class_query"] = "espresso"
    tab.choose("classes", [CAT, EGYPTIAN])
    shown(tab, 2)
    tab.press("find_class")
    tab.press(f"found.{COFFEE}")
    tab.choose("classes", [CAT, COFFEE])
    shown(tab, 2)
    assert tab.link() == {"image": "chelsea", "target": f"{CAT},{COFFEE}"}
    assert any("tabby" in text for text in tab.headings())


def test_a_class_can_be_found_by_a_part_of_its_name(tab: Tab) -> None:
    tab.test.session_state["class_query"] = "espress"
    tab.press("find_class")
    found = [key for key in tab.buttons() if key.startswith("found.")]
    names = [models.card(models.DEFAULT).labels[int(key.removeprefix("found."))] for key in found]
    assert names
    assert all("espress" in name for name in names)


def test_layer_and_method_change_the_map_and_the_link(tab: Tab) -> None:
    before = tab.figures()[0].spec
    layer, other = [each.name for each in models.card(models.DEFAULT).layers if each.main and not each.default][
        6:8
    ]  # conv_head and what it reads have equal maps
    tab.choose("gradcam.layer", [layer])
    assert (one := shown(tab)[0].spec) != before
    tab.choose("gradcam.layer", [layer, other])
    assert shown(tab)[0].spec not in (before, one), "two layers are fused"
    tab.choose("gradcam.method", "counterfactual")
    shown(tab)
    assert tab.link() == {"image": "chelsea", "layer": f"{layer},{other}", "method": "counterfactual"}
    tab.press("gradcam.reset")
    shown(tab)
    assert tab.link() == {"image": "chelsea"}


def test_the_view_is_drawn_anew_without_a_new_job(tab: Tab, live: Engine) -> None:
    before, asked = tab.figures()[0].spec, len(live.jobs())
    tab.choose("opacity", 0.25)
    assert tab.figures()[0].spec != before
    assert tab.link() == {"image": "chelsea", "opacity": "0.25"}
    assert len(live.jobs()) == asked


def test_a_link_opens_the_same_view_in_another_tab() -> None:
    link = {"image": "coffee", "target": f"{COFFEE},{CAT}", "method": "counterfactual", "show": "signed"}
    tab = Tab(attribution, **link)
    shown(tab, 2)
    assert tab.link() == link
    assert not tab.told()


def test_what_is_hostile_in_a_link_is_left_out_with_a_note_each() -> None:
    hostile = {
        "target": "99999",
        "layer": "nope",
        "model": "<script>alert(1)</script>",
        "image": "sha256:zz",
        "bogus": "1",
        "opacity": "nan",
        "show": "all",
        "colours": "jet",
        "method": "-1",
        "seed": "x",
    }
    tab = Tab(attribution, **hostile)
    notes = [text for text in tab.told() if text.startswith("The link's")]
    assert len(notes) == len(hostile)
    assert any(key.startswith("begin.") for key in tab.buttons())
    tab.press("begin.chelsea")
    shown(tab)
    assert tab.link() == {"image": "chelsea"}


def test_the_rest_of_a_stale_link_is_kept() -> None:
    tab = Tab(attribution, image="sha256:" + "0" * 64, target=str(CAT), method="counterfactual")
    assert any("does not hold that picture" in text for text in tab.told())
    tab.press("begin.coffee")
    shown(tab)
    assert tab.link() == {"image": "coffee", "target": str(CAT), "method": "counterfactual"}


def test_a_link_holds_no_choice_fast() -> None:
    """A link to a model that is not here must let go of it when another one is chosen."""
    absent = next(card.name for card in models.cards() if not card.ready)
    tab = Tab(attribution, model=absent, image="chelsea")
    assert any("is not on this machine yet" in text for text in tab.told())
    assert not tab.figures()
    tab.choose("model", models.DEFAULT)
    shown(tab)
    assert tab.link() == {"image": "chelsea"}


def test_a_link_opened_in_a_used_tab_sets_what_it_does_not_name_to_the_default(tab: Tab) -> None:
    tab.choose("class", f"tabby ({CAT})")
    shown(tab)
    assert tab.link()["target"] == str(CAT)
    tab.test.query_params.clear()
    tab.test.query_params["image"] = "coffee"
    tab.run()
    shown(tab)
    assert tab.link() == {"image": "coffee"}


@pytest.mark.parametrize("address", ["sha256:", "sha256:" + "g" * 64, "../../etc/passwd", "<b>", "no-such-sample"])
def test_an_address_of_a_picture_is_a_sample_or_a_digest(address: str) -> None:
    with pytest.raises(InputError):
        links.picture(address)


def test_arrows_step_through_the_pictures(tab: Tab) -> None:
    names = [entry.name for entry in imagesets.samples()[: image_picker.SHOWN]]
    tab.press("next")
    assert tab.link()["image"] == names[1]
    tab.press("previous").press("previous")
    assert tab.link()["image"] == names[-1]


def upload(tab: Tab, *files: tuple[str, bytes]) -> Tab:
    tab.test.file_uploader[0].set_value([(name, data, "image/png") for name, data in files])
    return tab.run()


def test_uploads_become_a_strip_and_a_refusal_is_one_sentence_each() -> None:
    good = [(f"{name}.png", imagesets.samples()[at].path.read_bytes()) for at, name in enumerate(["a", "b"])]
    tab = upload(Tab(attribution), *good, ("words.png", b"not a picture"), ("empty.png", b""))
    (listed,) = [text for text in tab.told() if "words.png: " in text]
    refused = listed.splitlines()
    assert [text.split(": ")[0] for text in refused] == ["words.png", "empty.png"]
    assert "words.png: 'words.png'" not in listed, "each name once"
    assert all("Traceback" not in text for text in refused)
    assert tab.link()["image"].startswith(session.UPLOADED)
    assert len([key for key in tab.buttons() if key.startswith("pick.sha256:")]) == 2
    assert "all" in tab.buttons()
    tab.press("all")
    assert any("background" in text for text in tab.told())
    shown(tab)


def test_browse_lists_what_is_kept_and_leads_to_its_view(tab: Tab, live: Engine) -> None:
    page = Tab(browse)
    cards = [card for card in live.recent() if card.part == "result"]
    assert page.test.caption[0].value == f"{len(cards)} of {len(cards)} explanations"
    opened = Tab(attribution, **home_of(cards[0]).choices)
    assert shown(opened)
    assert not [text for text in opened.told() if text.startswith("The link's")]
    page.choose("find", "no such thing")
    assert any("Nothing kept fits" in text for text in page.told())
    assert page.link() == {"find": "no such thing"}
    assert Tab(browse, lens="<script>", by="nope", find="cat").test.caption


def test_jobs_tells_what_ended(tab: Tab) -> None:
    table = Tab(jobs).test.dataframe[0].value
    assert "Grad-CAM" in set(table["what"])
    assert set(table["state"]) <= {"done", "cancelled", "running", "waiting"}


def test_only_what_is_not_a_default_is_written() -> None:
    def script() -> None:
        import streamlit as st

        from dashboard.widgets import links

        links.load({"a": ("a", int)})
        links.save({"a": str(st.session_state.get("a", "")), "b": ""})

    tab = Tab(script, a="7")
    assert tab.link() == {"a": "7"}
    assert tab.test.session_state[links.WRITTEN] == {"a": "7"}


def test_what_was_done_to_read_a_checkpoint_stands_on_the_page(tmp_path) -> None:
    torch.manual_seed(0)
    state = timm.create_model("test_resnet", num_classes=3).state_dict()
    torch.save({f"module.{name}": value for name, value in state.items()}, tmp_path / "net.pth")
    (tmp_path / "net.json").write_text('{"architecture": "test_resnet", "num_classes": 3}')
    tab = Tab(attribution, model=str(tmp_path / "net.pth"), image="chelsea")
    assert any("The prefix 'module.' was taken off" in text.value for text in tab.test.caption)


def test_a_photo_that_was_made_smaller_says_so_beside_it(live: Engine) -> None:
    photo = imagesets.from_pil(Image.new("RGB", (6000, 4000), (9, 90, 200)), "IMG_1.jpg")
    tab = Tab(attribution, image=session.UPLOADED + live.keep_photo(photo))
    notes = [text.value for text in tab.test.caption]
    assert "IMG_1.jpg: 24 megapixels, made smaller to 3000 x 2000 pixels." in notes
