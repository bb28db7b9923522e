"""The whole way of a person, in a real browser."""

import io
import json
import re
import signal
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from models import imagesets
from tests.browser.conftest import WIDE, Person, Server, figure, settled

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
SENTENCE = ".st-key-centre h5"


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A cat, a cup, and a text that calls itself a picture."""
    folder = tmp_path_factory.mktemp("photos")
    for name in ("chelsea", "coffee"):
        imagesets.sample(name).pil().save(folder / f"{name}.jpg", quality=95)
    (folder / "words.png").write_text("not a picture")
    return [folder / "chelsea.jpg", folder / "coffee.jpg", folder / "words.png"]


def upload(page: Page, *files: Path) -> None:
    page.locator('[data-testid="stFileUploaderDropzoneInput"]').first.set_input_files(list(files))


def sentence(page: Page) -> str:
    return page.locator(SENTENCE).first.inner_text()


def download(page: Page, name: str) -> tuple[str, bytes]:
    with page.expect_download() as coming:
        page.get_by_role("button", name=name).first.click()
    return coming.value.suggested_filename, Path(coming.value.path()).read_bytes()


def test_from_upload_to_a_link_that_opens_the_same(
    person: Person, chromium: Browser, server: Server, photos: list[Path]
) -> None:
    page = person.goto("/")
    figure(page)  # a finished example stands there
    upload(page, photos[0])
    page.wait_for_url(re.compile("image=sha256"))
    figure(page)
    first = sentence(page)
    assert "cat" in first
    page.locator(".st-key-answers button").first.click()
    expect(page.locator(SENTENCE).first).not_to_have_text(first)
    figure(page)
    chosen = sentence(page)
    page.reload()
    figure(page)
    assert sentence(page) == chosen
    link = page.url
    assert re.search(r"/attribution\?.*image=sha256", link)
    other = chromium.new_context(viewport=WIDE).new_page()
    other.goto(link)
    figure(other)
    assert sentence(other) == chosen
    other.context.close()


def test_every_export_is_what_it_says(person: Person) -> None:
    page = person.goto("/attribution?image=chelsea&target=281")
    figure(page)
    expect(page.locator(".st-key-export")).to_be_visible()
    stem = "gradcam_efficientnet_lite0_tabby"
    name, png = download(page, "PNG")
    assert name == f"{stem}.png"
    assert Image.open(io.BytesIO(png)).size[0] == pytest.approx(170 / 25.4 * 300, abs=4)
    name, svg = download(page, "SVG")
    assert name == f"{stem}.svg"
    assert b"<text" in svg
    name, pdf = download(page, "PDF")
    assert name == f"{stem}.pdf"
    assert pdf.startswith(b"%PDF-")
    name, html = download(page, "HTML")
    assert name == f"{stem}.html"
    assert b"Plotly.newPlot" in html
    name, bundle = download(page, "Bundle")
    assert name == f"{stem}.zip"
    with zipfile.ZipFile(io.BytesIO(bundle)) as archive:
        assert json.loads(archive.read("manifest.json"))["values"]["target"] == 281
        arrays = np.load(io.BytesIO(archive.read("arrays.npz")), allow_pickle=False)
        assert "cam" in arrays.files


def test_browse_leads_back_to_the_view(person: Person) -> None:
    page = person.goto("/attribution?image=camera")  # nobody has asked for it before, so it is the newest
    figure(page)
    before = sentence(page)
    page.get_by_role("link", name="Browse").click()
    expect(page.locator(".st-key-gallery img").first).to_be_visible()
    page.locator(".st-key-gallery a").first.click()
    figure(page)
    assert sentence(page) == before
    assert len(person.context.pages) == 1


def test_several_uploads_and_one_refusal(person: Person, photos: list[Path]) -> None:
    page = person.goto("/attribution")
    figure(page)
    upload(page, *photos)
    expect(page.get_by_role("alert").filter(has_text="words.png")).to_be_visible()
    figure(page)
    for name in ("chelsea.j…", "coffee.jpg"):
        expect(page.get_by_role("button", name=name, exact=True)).to_be_visible()
    page.get_by_role("button", name="Explain all 2 uploads").click()
    expect(page.get_by_text("worked out in the background")).to_be_visible()


def test_cancel_stops_and_says_so(person: Person) -> None:
    page = person.goto("/attribution?image=rocket&full=True")  # all of the evidence takes many seconds
    page.locator(".st-key-evidence").get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("Cancelled.", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Measure", exact=True)).to_be_visible()


def test_keys_step_and_open(person: Person, server: Server) -> None:
    page = person.goto("/attribution?image=chelsea")
    figure(page)
    for key, image in (("ArrowRight", "coffee"), ("ArrowLeft", "chelsea")):
        page.keyboard.press(key)
        page.wait_for_url(re.compile(f"image={image}"))
        figure(page)
    person.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.keyboard.press("l")
    expect(page.get_by_role("button", name="Link copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == f"{server.url}/attribution?image=chelsea"
    expect(page.get_by_role("button", name="Copy link")).to_be_visible()
    page.keyboard.press("f")
    expect(page.get_by_role("dialog").get_by_role("textbox")).to_be_focused()
    page.keyboard.type("lynx")
    expect(page.get_by_role("dialog").get_by_role("textbox")).to_have_value("lynx")
    expect(page.get_by_role("button", name="Link copied")).to_have_count(0)
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    settled(page)
    with page.expect_download() as coming:
        page.keyboard.press("e")
    assert coming.value.suggested_filename.endswith(".png")


def test_a_hostile_link_is_notes_on_a_working_page(person: Person) -> None:
    hostile = "target=99999&layer=nope&model=%3Cscript%3Ealert(1)%3C/script%3E&image=sha256:zz&bogus=1"
    page = person.goto(f"/attribution?{hostile}")
    expect(page.get_by_role("alert").filter(has_text="The link's")).to_have_count(5)
    settled(page)
    page.get_by_role("button", name="Chelsea, a tabby cat", exact=True).click()
    figure(page)


def test_a_killed_server_forgets_nothing(person: Person, server: Server, photos: list[Path]) -> None:
    page = person.goto("/attribution")
    figure(page)
    upload(page, photos[1])
    page.wait_for_url(re.compile("image=sha256"))
    figure(page)
    before, link = sentence(page), page.url
    page.goto("about:blank")
    server.stop(signal.SIGKILL)
    server.start()
    page.goto(link)
    figure(page)
    assert sentence(page) == before
