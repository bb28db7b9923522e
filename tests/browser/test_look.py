"""How every page looks, light, dark and narrow; and what axe finds."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import NARROW, SHOTS, WIDE, Person, Server, figure, settled

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
PAGES = {
    "home": "/",
    "empty": "/attribution?image=gone",
    "done": "/attribution?image=chelsea",
    "classes": "/attribution?image=chelsea&target=281,285&show=signed",
    "compare": "/attribution?study=compare&image=chelsea",
    "mistake": "/attribution?study=mistake&image=chelsea",
    "neurons": "/attribution?study=neurons&image=chelsea",
    "groups": "/attribution?study=groups&model=menagerie_biased_cnn&split=source&others=menagerie_biased&limit=12",
    "localise": "/attribution?study=localise&model=menagerie_cnn&limit=8",
    "concepts": "/concepts?model=menagerie_cnn&k=4&limit=24&pool=200&image=chelsea",
    "prototypes": "/prototypes",
    "fooling": "/fooling",
    "activation": "/activation",
    "calibration": "/calibration",
    "browse": "/browse",
    "jobs": "/jobs",
}
BEGUN = {
    "groups": "Compare the groups",
    "localise": "Measure the method",
    "concepts": "Learn the concepts",
    "fooling": "Evolve",
    "activation": "Imagine the pictures",
}
LOOKS = {"light": ("light", WIDE), "narrow": ("dark", NARROW)}  # the dark page is the same page at any width
SERIOUS = ("serious", "critical")


@pytest.fixture(scope="module", autouse=True)
def _filled(server: Server, chromium: Browser) -> None:
    """Something to see on every page."""
    context = chromium.new_context(viewport=WIDE)
    page = Person(context, server.url).goto(PAGES["done"])
    figure(page)
    expect(page.locator(".sw-whole").first).to_be_visible()
    for name, button in BEGUN.items():
        page.goto(server.url + PAGES[name])
        begin, plot = page.get_by_role("button", name=button), page.locator(".st-key-centre .js-plotly-plot")
        expect(begin.or_(plot).first).to_be_visible()
        if begin.count():  # the server may have worked it out meanwhile
            begin.click()
        figure(page)
    context.close()


def opened(name: str, person: Person) -> Page:
    page = person.goto(PAGES[name])
    if name in ("home", "done", "classes", "mistake", "neurons", "prototypes", *BEGUN):
        figure(page)
    elif name == "compare":
        expect(page.get_by_text("How far they agree")).to_be_visible()
    elif name == "empty":
        expect(page.get_by_text("Drop a photo above")).to_be_visible()
    elif name == "browse":
        expect(page.locator(".st-key-gallery img").first).to_be_visible()
    else:
        expect(page.locator(".st-key-copy, h3").first).to_be_visible()
    settled(page)
    return page


def shoot(page: Page, name: str) -> None:
    """The whole page, though it scrolls inside itself."""
    SHOTS.mkdir(exist_ok=True)
    size = page.viewport_size
    height = page.evaluate("document.querySelector('[data-testid=stMainBlockContainer]').scrollHeight")
    page.set_viewport_size({**size, "height": int(height) + 80})
    page.screenshot(path=SHOTS / f"{name}.png", animations="disabled")
    page.set_viewport_size(size)


def too_wide(page: Page) -> list[str]:
    """What of ours sticks out to the right of the screen."""
    return page.evaluate("""() => [...document.querySelectorAll('[data-testid=stMainBlockContainer] *')]
        .filter(each => each.getBoundingClientRect().right > innerWidth + 1 && each.checkVisibility()
            && !each.closest('[data-testid=stDataFrame], svg, .st-key-strip')
            && !each.closest('[data-testid=stFileUploaderDropzoneInput]'))
        .map(each => each.className.toString())""")


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("name", PAGES)
def test_page(name: str, look: str, server: Server, chromium: Browser) -> None:
    scheme, size = LOOKS[look]
    context = chromium.new_context(viewport=size, color_scheme=scheme)
    person = Person(context, server.url)
    page = opened(name, person)
    shoot(page, f"{name}_{look}")
    assert not too_wide(page)
    found = violations(page)
    if found:  # axe reads the page in steps: what it reports of a page that moved meanwhile is not there a moment later
        settled(page)
        found = violations(page)
    context.close()
    assert not found
    assert not person.outside()
    assert not person.complaints


def violations(page: Page) -> list[str]:
    answer = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    return [
        f"{rule['id']} ({rule['impact']}): {node['target']} {node['html'][:160]}"
        for rule in answer
        if rule["impact"] in SERIOUS
        for node in rule["nodes"]
    ]
