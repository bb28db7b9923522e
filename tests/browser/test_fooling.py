"""Evolution watched from an empty grid: its server is killed half-way, it goes on, and its champions go elsewhere."""

import re
import signal
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, WebSocketRoute, expect

from tests.browser.conftest import Person, Server, apart, figure, settled

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
SENTENCE = ".st-key-centre h5"
EVALUATIONS, STRETCH = 18_000, 8_400  # of the run, and of what is kept at a time
RUN = f"/fooling?study=evolution&model=fashion_lenet&evaluations={EVALUATIONS}"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One that works out no examples beside."""
    with apart(tmp_path_factory) as made:
        yield made


def evaluated(page: Page, least: int = 1) -> int:
    """How many evaluations the page says are done, once they are so many."""
    words = page.locator('[data-testid="stProgress"]').filter(has_text="classes above one half")
    while (done := int(words.inner_text().split()[0].replace(",", ""))) < least:
        page.wait_for_timeout(100)
    return done


def where(page: Page) -> Locator:
    """The link from a champion to its explanation."""
    return page.locator(".st-key-centre").get_by_role("link", name="Where does it look?", exact=True)


def test_a_killed_run_goes_on_and_its_champions_are_explained(person: Person, server: Server) -> None:
    page = person.goto(RUN)
    page.get_by_role("button", name="Evolve", exact=True).click()
    expect(page.get_by_alt_text("A preview of the result so far")).to_be_visible()
    assert evaluated(page, STRETCH) < EVALUATIONS
    page.goto("about:blank")
    server.stop(signal.SIGKILL)
    server.start()
    page.goto(server.url + RUN)
    assert evaluated(page) >= STRETCH, "what was kept is not evolved again"
    expect(page.locator(SENTENCE).first).to_contain_text(f"After {EVALUATIONS:,} evaluations")
    figure(page)
    where(page).click()
    page.wait_for_url(re.compile("/attribution.*model=fashion_lenet.*image=sha256"))
    figure(page)


def test_who_leaves_on_a_slow_line_while_it_is_measured_finds_the_other_page(person: Person) -> None:
    """What the browser asks for late is about the page that was left, and must not bring it back."""
    late, slow = [], False

    def line(browser: WebSocketRoute) -> None:
        server = browser.connect_to_server()
        browser.on_message(server.send)
        server.on_message(lambda words: late.append((browser, words)) if slow else browser.send(words))

    person.page.route_web_socket(re.compile("_stcore/stream"), line)
    page = person.goto("/fooling?study=evolution&model=fashion_lenet&evaluations=600")
    page.get_by_role("button", name="Evolve", exact=True).click()
    expect(where(page)).to_be_visible()
    expect(page.get_by_text("Measuring in the background")).to_be_visible()
    slow = True
    where(page).click()
    page.wait_for_timeout(2 * 1000)  # four of its questions after progress
    slow = False
    for browser, words in late:
        browser.send(words)
    page.wait_for_url(re.compile("/attribution.*model=fashion_lenet.*image=sha256"))
    figure(page)


def test_champions_are_shown_to_another_network(person: Person) -> None:
    chosen = "model=menagerie_cnn&others=menagerie_biased_cnn&evaluations=100&size=32&champions=4&photos=4"
    page = person.goto(f"/fooling?study=transfer&{chosen}")
    page.get_by_role("button", name="Show them to other networks").click()
    expect(page.locator(SENTENCE).first).to_contain_text("get the same first answer from the other network")
    expect(page.locator(".st-key-centre .js-plotly-plot")).to_have_count(2)
    settled(page)
