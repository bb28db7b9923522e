"""Studies of many pictures in a real browser: a folder of one's own, boxes and all, and the link to what came of it."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from models import imagesets
from tests.browser.conftest import WIDE, Person, Server, figure

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
BOXES = {"chelsea": ("tabby", 100, 20, 400, 290), "coffee": ("espresso", 200, 80, 480, 330)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two photos, their boxes, and a file that calls itself a picture."""
    made = tmp_path / "mine"
    made.mkdir()
    rows = ["image,label,left,top,right,bottom"]
    for name, box in BOXES.items():
        imagesets.sample(name).pil().save(made / f"{name}.jpg")
        rows.append(f"{name}.jpg,{','.join(map(str, box))}")
    (made / "boxes.csv").write_text("\n".join(rows))
    (made / "words.png").write_text("not a picture")
    return made


def test_a_folder_of_mine_is_held_to_its_boxes(person: Person, folder: Path, chromium: Browser, server: Server) -> None:
    page = person.goto("/attribution?study=localise&model=efficientnet_lite0")
    page.get_by_role("button", name="Use a folder of mine").click()
    page.locator('[data-testid="stFileUploaderDropzoneInput"]').last.set_input_files(str(folder))
    expect(page.get_by_role("alert").filter(has_text="1 of 4 files (mine/words.png)")).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Measure the method").click()
    figure(page)
    expect(page.locator(".st-key-centre h5").first).to_contain_text("2 things in boxes")
    expect(page.get_by_text("espresso: ").first).to_be_visible()
    link = page.url
    other = chromium.new_context(viewport=WIDE).new_page()
    other.goto(link)
    figure(other)
    expect(other.locator(".st-key-centre h5").first).to_contain_text("2 things in boxes")
    other.context.close()


def test_a_study_is_chosen_and_keeps_the_picture(person: Person) -> None:
    page = person.goto("/attribution?image=coffee")
    figure(page)
    page.get_by_role("radio", name="Mistakes").click()
    expect(page.get_by_text("How the likeliest classes fare")).to_be_visible()
    page.wait_for_url(lambda url: "study=mistake" in url and "image=coffee" in url)
