"""Pictures of every page and study, wide, medium and narrow, light and dark: ``python -m tests.browser.shots OUT``.

Names after OUT choose pages: ``python -m tests.browser.shots OUT attribution concepts``.
"""

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from dashboard.pages import pages
from tests import chromium
from tests.browser.conftest import Person, Server, settled

WIDTHS = {"wide": (1440, 900), "medium": (1024, 800), "narrow": (390, 844)}
THEMES = ("light", "dark")
PATIENCE = 600_000  # milliseconds for everything that a page works out at its defaults


def addresses() -> dict[str, str]:
    """Every page and study at its defaults, by name."""
    known = {"home": "/"}
    for address, page in pages().items():
        known[address] = f"/{address}"
        for study in page.studies[1:]:
            known[f"{address}_{study.address}"] = f"/{address}?{page.key}={study.address}"
    return known


def finished(page: Page) -> None:
    """Wait until nothing is being worked out any more."""
    page.wait_for_function(
        "() => document.querySelector('[data-testid=stApp][data-test-script-state=notRunning]')"
        " && !document.querySelector('[data-testid=stProgress], [data-testid=stSpinner], [data-testid=stSkeleton]')",
        timeout=PATIENCE,
    )
    settled(page)


def shoot(page: Page, path: Path) -> None:
    """The whole page, though it scrolls inside itself."""
    size = page.viewport_size
    height = page.evaluate("document.querySelector('[data-testid=stMainBlockContainer]').scrollHeight")
    page.set_viewport_size({**size, "height": int(height) + 80})
    page.wait_for_timeout(400)
    page.screenshot(path=path, animations="disabled")
    page.set_viewport_size(size)


def main() -> None:
    """Take all pictures."""
    out, names = Path(sys.argv[1]), sys.argv[2:]
    out.mkdir(parents=True, exist_ok=True)
    server = Server(Path(tempfile.gettempdir()) / "seewhy-shots")
    try:
        with sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=chromium.find(), args=["--no-sandbox"])
            for theme in THEMES:
                for width, (across, down) in WIDTHS.items():
                    screen = {"width": across, "height": down}
                    person = Person(browser.new_context(viewport=screen, color_scheme=theme), server.url)
                    for name, address in addresses().items():
                        if not names or name in names:
                            page = person.goto(address)
                            finished(page)
                            shoot(page, out / f"{name}_{theme}_{width}.png")
                            print(out / f"{name}_{theme}_{width}.png", *person.complaints, flush=True)
                    person.context.close()
    finally:
        server.stop()


if __name__ == "__main__":
    main()
