"""A hole is drawn on the picture that chains begin with."""

import re

import pytest
from playwright.sync_api import expect

from dashboard.pages.activation.hole import square
from tests.browser.conftest import Person

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


def test_the_square_about_a_box_stays_inside_the_picture() -> None:
    assert square({"x": [0.2, 0.4], "y": [0.6, 0.5]}) == (0.2, 0.55, 0.3)
    assert square({"x": [-0.5, 0.5], "y": [0.9, 1.2]}) == (0.5, 0.75, 0.25)
    assert square({"x": [-1, 2], "y": [-1, 2]}) == (1.0, 0.5, 0.5)


def test_a_box_on_the_picture_is_the_hole(person: Person) -> None:
    page = person.goto("/activation?model=fashion_lenet&target=8&prior=joint&photo=coffee")
    page.get_by_text("More", exact=True).first.click()
    plot = page.locator(".st-key-form .js-plotly-plot")
    expect(plot.locator(".imagelayer image")).to_be_visible()
    plot.scroll_into_view_if_needed()
    expect(plot.locator(".shapelayer path")).to_have_count(0)
    box = plot.bounding_box()
    page.mouse.move(box["x"] + 0.25 * box["width"], box["y"] + 0.5 * box["height"])
    page.mouse.down()
    for share in (0.1, 0.2, 0.4):
        page.mouse.move(box["x"] + (0.25 + share) * box["width"], box["y"] + (0.5 + share) * box["height"])
    page.mouse.up()
    expect(page).to_have_url(re.compile(r"hole=0\.[34]\d?&hole_row=0\.[67]\d?&hole_column=0\.4\d?"))
    expect(plot.locator(".shapelayer path").first).to_be_visible()
