"""The strategic graph in a real browser: pointer, lasso, slider, and what is taken away from it."""

import csv
import io
from itertools import pairwise
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Person, figure, settled

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
ADDRESS = "/concepts?model=menagerie_cnn&k=4&limit=24&pool=200"
GRAPH = ".st-key-strategies .js-plotly-plot"
PICKED = ".st-key-picked"
# Where every dot is on the screen, by its image, and its colour.
DOTS = """() => {
    const plot = document.querySelector('.st-key-strategies .js-plotly-plot'), box = plot.getBoundingClientRect();
    const {xaxis, yaxis} = plot._fullLayout, found = {};
    for (const trace of plot._fullData.filter(each => each.customdata && each.visible === true))
        trace.x.forEach((x, i) => { found[[trace.customdata[i]].flat()[0]] = {
            x: box.x + xaxis._offset + xaxis.d2p(x), y: box.y + yaxis._offset + yaxis.d2p(trace.y[i])}; });
    return found;
}"""


@pytest.fixture
def page(person: Person) -> Page:
    """The page with its bank."""
    page = person.goto(ADDRESS)
    begin = page.get_by_role("button", name="Learn the concepts")
    expect(begin.or_(page.locator(GRAPH)).first).to_be_visible()
    if begin.is_visible():
        begin.click()
    figure(page)
    page.locator(GRAPH).scroll_into_view_if_needed()
    expect(page.locator(PICKED).get_by_text("Click a dot to see its image")).to_be_visible()
    settled(page)
    return page


def table(page: Page) -> list[dict[str, str]]:
    """The graph as it is downloaded."""
    with page.expect_download() as coming:
        page.get_by_role("button", name="CSV", exact=True).click()
    assert coming.value.suggested_filename == "strategies.csv"
    return list(csv.DictReader(io.StringIO(Path(coming.value.path()).read_text())))


def apart(dots: dict[str, dict[str, float]]) -> str:
    """The dot that stands farthest from its nearest neighbour."""

    def alone(name: str) -> float:
        here = dots[name]
        return min(abs(here["x"] - each["x"]) + abs(here["y"] - each["y"]) for at, each in dots.items() if at != name)

    return max(dots, key=alone)


def test_a_click_shows_the_image_of_the_dot(page: Page) -> None:
    rows = table(page)
    # The button below it has scrolled it away, and the bar at the top would lie over it.
    page.locator(GRAPH).evaluate("graph => graph.scrollIntoView({block: 'center'})")
    dots = page.evaluate(DOTS)
    chosen = apart(dots)
    page.mouse.move(dots[chosen]["x"], dots[chosen]["y"])
    expect(page.locator(f"{GRAPH} .hoverlayer")).to_contain_text(rows[int(chosen)]["file"])
    page.mouse.down()
    page.mouse.up()
    expect(page.locator(PICKED).get_by_text("Click a dot to see its image")).to_have_count(0)
    expect(page.locator(PICKED).get_by_text(rows[int(chosen)]["file"], exact=True)).to_be_visible()


def test_a_lasso_takes_those_inside_it(page: Page) -> None:
    page.get_by_role("radio", name="Draw around").click()
    settled(page)
    page.wait_for_function(f"() => document.querySelector('{GRAPH}')._fullLayout.dragmode === 'lasso'")
    dots = page.evaluate(DOTS)
    across = sorted(each["x"] for each in dots.values())[6:-6]
    before, after = max(pairwise(across), key=lambda pair: pair[1] - pair[0])
    middle = (before + after) / 2  # no dot stands on the line
    left, top = (min(each[axis] for each in dots.values()) - 8 for axis in ("x", "y"))
    bottom = max(each["y"] for each in dots.values()) + 8
    inside = [name for name, each in dots.items() if each["x"] < middle]
    page.mouse.move(left, top)
    page.mouse.down()
    for x, y in ((middle, top), (middle, bottom), (left, bottom), (left, top)):
        page.mouse.move(x, y, steps=6)
    page.mouse.up()
    share = f"{len(inside)} images, {len(inside) / 24:.0%}"
    expect(page.locator(PICKED).get_by_text(share)).to_be_visible()
    expect(page.locator(PICKED).get_by_text("adds most on average")).to_be_visible()


def test_the_slider_fades_concepts_that_come_first_too_seldom(page: Page) -> None:
    # Of a graph that is being drawn anew nothing is seen for a moment.
    visible = f"""() => (document.querySelector('{GRAPH}')?._fullData ?? [])
        .filter(each => each.customdata).map(each => each.visible)"""
    before = page.evaluate(visible)
    handle = page.locator(".st-key-strategies").get_by_role("slider")
    handle.focus()
    page.keyboard.press("End")
    other = (
        f"before => {{ const now = ({visible})(); return now.length && `${{now}}` !== `${{before}}` ? now : null; }}"
    )
    after = page.wait_for_function(other, arg=before).json_value()
    assert after.count(True) < before.count(True)
    settled(page)


def test_what_is_taken_away_is_what_it_says(page: Page) -> None:
    rows = table(page)
    assert len(rows) == 24
    assert len({row["file"] for row in rows}) == 24
    assert {"x_tsne", "y_pca", "cluster", "importance_4"} <= set(rows[0])
    for row in rows:
        added = [float(row[f"importance_{i}"]) for i in range(1, 5)]
        assert int(row["top_concept"]) == added.index(max(added))
    with page.expect_download() as coming:
        page.locator(".st-key-export").get_by_role("button", name="PDF", exact=True).click()
    assert coming.value.suggested_filename == "concepts_menagerie_cnn_Reed-Heron.pdf"
    data = Path(coming.value.path()).read_bytes()
    assert data.startswith(b"%PDF-")
    assert data.rstrip().endswith(b"%%EOF")
