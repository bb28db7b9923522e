"""A folder that a visitor drops: a class that the model sees in it is chosen, with counts, and no hash is shown."""

import io
import re

import pytest
from PIL import Image

import models
from dashboard.engine.engine import Engine
from dashboard.widgets.form import images
from models import menagerie
from models.errors import InputError
from models.imagesets.folder import image_folder, title
from tests.dashboard.conftest import Tab, browse, jobs

pytestmark = pytest.mark.usefixtures("live")
FILES = "concepts.images.files"
HEX = re.compile(r"[0-9a-f]{6,}")


def concepts() -> None:
    from dashboard.pages import pages

    pages()["concepts"].show()


def scenes(cls: int, count: int) -> list[bytes]:
    """Drawn animals of one species, as files."""
    drawn = [one for one in menagerie.scenes(200, 0) if one.cls == cls][:count]
    files = []
    for one in drawn:
        file = io.BytesIO()
        Image.fromarray(menagerie.render(one, 96).image).save(file, "PNG")
        files.append(file.getvalue())
    return files


def dropped(tab: Tab, folder: str, files: list[bytes]) -> Tab:
    uploads = [(f"{folder}/{at:02}.png", data, "image/png") for at, data in enumerate(files)]
    tab.test.file_uploader(key=FILES).set_value(uploads)
    return tab.run()


def sees(tab: Tab) -> str:
    return next((each.value for each in tab.test.caption if "the model sees" in each.value), "")


def options(tab: Tab, key: str) -> list[str]:
    return next(each.options for each in tab.test.selectbox if each.key == key)


def test_a_class_that_the_model_sees_is_chosen_with_counts_and_no_hash(live: Engine) -> None:
    tab = Tab(concepts, model="menagerie_cnn", cls="3")
    assert not sees(tab)
    dropped(tab, "my birds", [*scenes(9, 5), *scenes(2, 2)])
    assert tab.until(sees).startswith("Of 7 pictures that were looked at, the model sees ")
    short = models.card("menagerie_cnn").short(9)
    assert f"{short} in 5" in sees(tab)
    assert tab.test.session_state["concepts.cls"] == 9
    assert f"{short} (9) · 5 of 7 images" in options(tab, "concepts.cls.pick")
    assert "my birds, 7 files" in options(tab, "concepts.images")
    shown = [*tab.words(), *(each.value for each in tab.test.caption), *options(tab, "concepts.images")]
    assert not [text for text in shown if HEX.search(text)]
    assert any("7 files" in text for text in tab.words()), "the invitation names the folder"


def test_the_count_is_work_in_progress_and_no_explanation() -> None:
    dropped(Tab(concepts, model="menagerie_cnn"), "birds", scenes(9, 3)).until(sees)
    assert "Classes that a model sees" in set(Tab(jobs).test.dataframe[0].value["what"])
    page = Tab(browse)
    assert not [each for each in page.test.caption if "predicted" in each.value]


def test_a_class_that_was_chosen_afterwards_stays() -> None:
    tab = dropped(Tab(concepts, model="menagerie_cnn"), "birds", scenes(9, 3))
    tab.until(sees)
    tab.choose("concepts.cls.pick", 4)
    assert tab.run().test.session_state["concepts.cls"] == 4


def test_two_folders_of_one_name_are_told_apart() -> None:
    tab = dropped(Tab(concepts, model="menagerie_cnn"), "birds", scenes(9, 2))
    tab.until(sees)
    dropped(tab, "birds", scenes(2, 2))
    tab.until(lambda each: models.card("menagerie_cnn").short(2) in sees(each))
    assert {"birds, 2 files", "birds, 2 files (2)"} <= set(options(tab, "concepts.images"))


def test_an_uploaded_folder_is_never_called_by_its_digest(live: Engine, tmp_path) -> None:
    path, _ = live.uploads.keep([("a.png", scenes(9, 1)[0])])
    assert title(path) == "an uploaded folder"
    gone = tmp_path / path.name
    with pytest.raises(InputError, match=r"^The uploaded folder is no longer kept here; upload it again\.$"):
        image_folder(gone)
    again, _ = live.uploads.keep([("a.png", scenes(9, 1)[0])])
    assert len(image_folder(again).entries) == 1


def test_the_first_part_of_every_path_is_the_folders_name() -> None:
    assert images._own_name(["birds/a.png", "birds/x/b.png"]) == "birds"
    assert images._own_name(["a.png"]) == "your folder"
    assert images._own_name(["a/x.png", "b/y.png"]) == "your folder"
