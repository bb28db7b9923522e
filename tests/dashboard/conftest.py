"""Pages without a browser: Streamlit's own AppTest on a real engine with a real worker."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import engine
from dashboard.engine.engine import Engine
from dashboard.engine.settings import Settings

SECONDS = 60


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """The engine of this process, as the server makes it."""
    made = Engine(Settings(cache=tmp_path_factory.mktemp("pages") / "cache", devices=("cpu",), threads=1))
    engine.use(made)
    yield made
    engine.use(None)


def attribution() -> None:
    from dashboard.pages import pages

    pages()["attribution"].show()


def browse() -> None:
    from dashboard.pages import pages

    pages()["browse"].show()


def jobs() -> None:
    from dashboard.pages import pages

    pages()["jobs"].show()


class Tab:
    """A browser tab on one page: a session of its own."""

    def __init__(self, page: Callable[..., None], given: dict[str, Any] | None = None, **link: str) -> None:
        self.test = AppTest.from_function(page, default_timeout=SECONDS, kwargs=given)
        for name, value in link.items():
            self.test.query_params[name] = value
        self.run()

    def run(self) -> "Tab":
        """As a rerun of the page; no page may ever raise."""
        self.test.run()
        assert not self.test.exception, [each.value for each in self.test.exception]
        return self

    def until(self, true: Callable[["Tab"], Any]) -> Any:
        """Rerun, as the fragment that watches a job does, until something is there."""
        end = time.monotonic() + SECONDS
        while not (found := true(self)):
            assert time.monotonic() < end, "it did not come"
            time.sleep(0.2)
            self.run()
        return found

    def press(self, key: str) -> "Tab":
        self.test.button(key=key).click()
        return self.run()

    def choose(self, key: str, value: Any) -> "Tab":
        """Choose in a list, a search or a row of buttons."""
        kinds = ("selectbox", "multiselect", "button_group", "slider", "number_input", "toggle", "text_input")
        widget = next(each for kind in kinds for each in self.test.get(kind) if each.key == key)
        widget.set_value(value)
        return self.run()

    def buttons(self) -> list[str]:
        """The keys of its buttons."""
        return [each.key for each in self.test.button]

    def figures(self, key: str = "map") -> list[Any]:
        """Plotly figures whose key begins so, as their protocol buffers."""
        return [each.proto for each in self.test.get("plotly_chart") if f"-{key}" in each.proto.id]

    def html(self, holding: str) -> list[str]:
        """Pieces of HTML that hold a text: tiles of evidence, predictions."""
        return [each.proto.body for each in self.test.get("html") if holding in each.proto.body]

    def downloads(self) -> list[Any]:
        return [each.proto for each in self.test.get("download_button")]

    def words(self) -> list[str]:
        return [each.value for each in self.test.markdown]

    def captions(self) -> list[str]:
        return [each.value for each in self.test.caption]

    def headings(self) -> list[str]:
        return [text.removeprefix("##### ") for text in self.words() if text.startswith("##### ")]

    def link(self) -> dict[str, str]:
        return {name: value[0] if isinstance(value, list) else value for name, value in self.test.query_params.items()}

    def told(self) -> list[str]:
        """Notes, warnings and errors."""
        kinds = (self.test.warning, self.test.error, self.test.info, self.test.success)
        return [each.value for kind in kinds for each in kind]
