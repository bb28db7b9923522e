"""One class out of a thousand: a short list of the likely ones, and a word of any other; the rest is never sent."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import streamlit as st

from models import ModelCard, labels

LISTED = 40  # classes in the list


@dataclass(frozen=True, kw_only=True)
class ClassPicker:
    """A list of classes.

    Attributes:
        card: whose classes.
        key: of the widget.
        current: the chosen class; None while the choice is left to the lens.
        first: the classes listed after the chosen one, best first.
        choose: takes the new choice before the page is drawn again.
        counts: images of a class, told beside its name, in ``unit``.
        words: ``help`` and ``placeholder`` of the field.
        label: of the field.
    """

    card: ModelCard
    key: str
    current: int | None
    first: Sequence[int]
    choose: Callable[[int | None], object]
    counts: Mapping[int, int] = field(default_factory=dict)
    unit: str = "images"
    words: Mapping[str, str]
    label: str = "Class"

    def draw(self) -> None:
        """Draw the list."""
        st.session_state[self.key] = self.current
        here = [] if self.current is None else [self.current]
        st.selectbox(
            self.label,
            list(dict.fromkeys([*here, *self.first]))[:LISTED],
            None,
            key=self.key,
            accept_new_options=True,
            format_func=lambda value: self._title(value) if isinstance(value, int) else str(value),
            on_change=self._picked,
            help=self.words["help"],
            placeholder=self.words["placeholder"],
        )
        if note := st.session_state.pop(f"{self.key}.note", ""):
            st.warning(note)

    def _title(self, index: int) -> str:
        name = class_title(self.card, index)
        return f"{name} · {self.counts[index]} {self.unit}" if index in self.counts else name

    def _picked(self) -> None:
        """A class was chosen, or words were typed: the best class that has them."""
        value = st.session_state[self.key]
        if not isinstance(value, str):
            self.choose(value)
        elif matches := labels.search(self.card.labels, value):
            self.choose(matches[0])
        else:
            st.session_state[f"{self.key}.note"] = f"No class of this model has the name '{value[:40]}'."


def class_title(card: ModelCard, index: int) -> str:
    """A class as lists show it: its first name and its number."""
    return f"{card.short(index)} ({index})"
