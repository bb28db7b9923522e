"""Every page and study as it opens: a result without an error, nothing cut, nothing jumping."""

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from dashboard.pages import pages
from tests.browser.conftest import Person, Server, figure, settled
from tests.browser.shots import WIDTHS, addresses, finished

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
STUDIES = {f"{address}_{study.address}": study for address, page in pages().items() for study in page.studies}
BUTTONS = ("Learn the concepts", *(study.begin.button for study in STUDIES.values() if study.begin))
# Studies that take minutes at their defaults open in tests/dashboard, on fewer pictures.
LONG = {name for name, study in STUDIES.items() if not study.prepared}
OURS = {name: link for name, link in addresses().items() if name not in {"browse", "jobs", "calibration", *LONG}}
MOST_SHIFT = 0.05
# The sum of all layout shifts, as browsers measure it.
WATCH = """() => { window.shift = 0; new PerformanceObserver(list => list.getEntries().forEach(entry => {
    if (!entry.hadRecentInput) window.shift += entry.value; })).observe({type: 'layout-shift'}); }"""
CUT = """() => [...document.querySelectorAll('[data-testid=stMainBlockContainer] *')]
    .filter(node => node.getBoundingClientRect().right > innerWidth + 1 && node.checkVisibility()
        && !node.closest('[data-testid=stDataFrame], svg, .st-key-strip, [data-testid=stFileUploaderDropzoneInput]'))
    .map(node => node.className.toString())"""


@pytest.mark.parametrize("name", OURS)
def test_a_page_opens_on_a_result(name: str, person: Person) -> None:
    page = person.goto(OURS[name])
    finished(page)
    for label in BUTTONS:
        if (button := page.get_by_role("button", name=label, exact=True)).count():
            button.click()
            page.wait_for_timeout(500)
            finished(page)
    assert not page.locator('[data-testid="stAlertContentError"]').count()
    expect(page.locator(".st-key-centre img, .st-key-centre .js-plotly-plot").first).to_be_visible()


@pytest.mark.parametrize("width", WIDTHS)
def test_the_picture_is_the_hero_and_nothing_is_cut(width: str, server: Server, chromium: Browser) -> None:
    across, down = WIDTHS[width]
    person = Person(chromium.new_context(viewport={"width": across, "height": down}), server.url)
    page = person.goto("/attribution?image=coffee")
    figure(page)
    expect(page.locator(".sw-whole").first).to_be_visible()
    settled(page)
    box = page.locator(".st-key-centre .js-plotly-plot").first.bounding_box()
    share = box["width"] / across
    assert share > 0.85 if width == "narrow" else share > {"wide": 0.42, "medium": 0.4}[width], (
        f"{box['width']} of {across} px"
    )
    assert not page.evaluate(CUT)
    person.context.close()


def test_nothing_jumps_while_a_picture_is_explained(server: Server, chromium: Browser) -> None:
    person = Person(chromium.new_context(viewport={"width": 1440, "height": 900}), server.url)
    page = person.goto("/attribution?image=astronaut")
    figure(page)
    page.evaluate(WATCH)  # from the photo on, which stands there while the map is worked out
    page.get_by_role("button", name="bobsled", exact=True).click()
    expect(page.locator(".st-key-centre h5").first).to_contain_text("bobsled")
    expect(page.locator(".sw-whole").first).to_be_visible()
    settled(page)
    assert page.evaluate("window.shift") < MOST_SHIFT
    person.context.close()


def test_whole_words_come_first_in_the_class_field(person: Person) -> None:
    page = person.goto("/attribution?image=coffee")
    figure(page)
    field = page.get_by_role("combobox", name="Class")
    field.click()
    assert "espresso (967)" in page.get_by_role("option").first.inner_text()
    field.fill("porcupine")
    field.press("Enter")
    page.wait_for_url("**target=334**")
    figure(page)


def test_a_skip_link_leads_to_the_choices(person: Person) -> None:
    page = person.goto("/attribution?image=coffee")
    figure(page)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "sw-skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.closest('.st-key-form') !== null")


def test_no_colour_where_there_is_no_evidence(person: Person) -> None:
    page = person.goto("/attribution?image=coffee&show=photo")
    figure(page)
    expect(plots(page)).to_have_count(1)
    page.get_by_role("radio", name="Heat map").click()
    expect(plots(page)).to_have_count(2)  # waits: a click is answered when the server has rerun


def plots(page: Page) -> Locator:
    """The pictures that lie on each other in the figure."""
    return page.locator(".st-key-centre .js-plotly-plot .imagelayer image")


def test_browse_shows_what_the_pages_opened_on(person: Person) -> None:
    page = person.goto("/concepts")
    finished(page)
    expect(page.locator(".st-key-centre .js-plotly-plot").first).to_be_visible()
    page = person.goto("/browse")
    settled(page)
    assert not page.locator('[data-testid="stAlertContentError"]').count()
    expect(page.locator(".st-key-gallery img").first).to_be_visible()
