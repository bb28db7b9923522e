"""Form fields that more than one page draws: a class, a layer, a source of images."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import streamlit as st

from dashboard.widgets import job as panel
from dashboard.widgets import session as state
from explainers import Knob
from models import ModelCard
from models.errors import InputError, SeewhyError
from models.imagesets.imageset import said, sources

MINE = "_folders"


def name_of(card: ModelCard, index: int) -> str:
    """A class as lists show it: its first name and its number."""
    return f"{card.labels[index].split(',')[0]} ({index})"


def a_class(
    card: ModelCard, knob: Knob, key: str, words: str = "the first answer", counts: Mapping[int, int] | None = None
) -> int | None:
    """One class, or none where the lens may choose; ``words`` say what it chooses then.

    Classes of which there are images, by ``counts``, come first.
    """
    many = counts or {}
    known = [*many, *(index for index in range(len(card.labels)) if index not in many)]
    if st.session_state.get(key) not in known:
        st.session_state[key] = None if knob.optional else known[0]
    return st.selectbox(
        knob.label, known, key=key, help=knob.help, persist_state="session", placeholder=words,
        index=None if knob.optional else 0,
        format_func=lambda i: f"{name_of(card, i)} · {many[i]} images" if i in many else name_of(card, i),
    )  # fmt: skip


def counted(card: ModelCard, images: str) -> dict[int, int]:
    """How many images of each class a source says it has; looked up at most once a minute."""
    return _counted(images, card.labels)


@st.cache_data(ttl=60, max_entries=50, show_spinner=False)
def _counted(images: str, labels: tuple[str, ...]) -> dict[int, int]:
    try:
        return said(images, labels)
    except SeewhyError:  # the lens says it, in one sentence
        return {}


def titled(knob: Knob, key: str, titles: Mapping[str, str]) -> str:
    """One of a few names, each under its title."""
    st.session_state.setdefault(key, knob.default)
    chosen = st.selectbox(
        knob.label, list(titles), key=key, help=knob.help, persist_state="session", format_func=titles.__getitem__
    )
    return str(chosen)


def layer(card: ModelCard, knob: Knob, key: str, words: str = "the lens chooses") -> str | None:
    """A main layer with its shape, or the lens's own choice."""
    shapes = {each.name: "×".join(map(str, each.shape)) for each in card.layers if each.main or each.default}
    names = ["", *shapes]
    if (here := st.session_state.get(key) or "") not in names:
        names.append(here)  # a link may name any layer, or several with commas between
    st.session_state[key] = here
    chosen = st.selectbox(
        knob.label, names, key=key, help=knob.help, persist_state="session",
        format_func=lambda name: f"{name} · {shapes[name]}" if name in shapes else name or words,
    )  # fmt: skip
    return chosen or None


def layers(card: ModelCard, knob: Knob, key: str, words: str) -> str | None:
    """One layer, or several whose maps are fused; none where the lens may choose."""
    shapes = {each.name: "×".join(map(str, each.shape)) for each in card.layers}
    main = [each.name for each in card.layers if each.main or each.default]
    here = [name for name in st.session_state.get(key) or [] if name in shapes]
    st.session_state[key] = here
    chosen = st.multiselect(
        knob.label, [*main, *(name for name in here if name not in main)], key=key, help=knob.help, placeholder=words,
        format_func=lambda name: f"{name} · {shapes[name]}", persist_state="session",
    )  # fmt: skip
    return ",".join(chosen) or None


def offered() -> dict[str, str]:
    """Where images may come from: what has a name, the server's folders, the visitor's own; never any other path."""
    folders = state.the_engine().settings.images
    given = {folder: f"folder {Path(folder).parent.name}/{Path(folder).name}" for folder in folders}
    named = {name: source.title for name, source in sources().items() if source.ready}
    return {**named, **given, **st.session_state.get(MINE, {})}


def images(knob: Knob, key: str, extra: Mapping[str, str] | None = None) -> str:
    """A source of images, or a folder of the visitor's; ``extra`` holds further choices, put first."""
    known = {**(extra or {}), **offered()}
    if st.session_state.get(key) not in known:
        st.session_state[key] = next(iter(known))
    chosen = st.selectbox(
        knob.label, list(known), key=key, help=knob.help, format_func=known.__getitem__, persist_state="session"
    )
    with st.popover("Use a folder of mine", type="tertiary"):
        st.file_uploader(
            "A folder of pictures", accept_multiple_files="directory", key=f"{key}.files", max_upload_size=20,
            on_change=_take_folder, args=(key,),
            help="Folders inside it may be classes; a COCO, VOC or CSV file with boxes may lie in it. It stays on this"
            " server.",
        )  # fmt: skip
    if words := st.session_state.get(f"{key}.refused"):
        st.warning(words)
    return str(chosen)


def _take_folder(key: str) -> None:
    """Keep the folder that was just dropped, and choose it."""
    files = st.session_state.get(f"{key}.files") or []
    if not files:
        return
    st.session_state[f"{key}.refused"] = ""
    try:
        path, refused = state.the_engine().uploads.keep((file.name, file.getvalue()) for file in files)
    except SeewhyError as error:
        st.session_state[f"{key}.refused"] = str(error)
        return
    if refused:
        names = ", ".join(name for name, _ in refused[:5])
        st.session_state[f"{key}.refused"] = (
            f"Left out, {len(refused)} of {len(files)} files ({names}): {refused[0][1]}"
        )
    _remember(path, len(files) - len(refused))
    st.session_state[key] = str(path)


def _remember(path: Path, count: int | None = None) -> None:
    words = "an uploaded folder" if count is None else f"your folder of {count} files"
    st.session_state.setdefault(MINE, {}).setdefault(str(path), f"{words} ({path.name[:6]})")


def parse_images(text: str) -> str:
    """A source of images from a link, folders by their own name.

    Raises:
        InputError: this server was not given such a folder.
    """
    found = [each for each in offered() if text in (each, Path(each).name)]
    if not found and (path := state.the_engine().uploads.find(text)):
        _remember(path)
        return str(path)
    if not found:
        raise InputError("this server was not given that folder; start it with --images, or upload it.")
    return found[0]


def images_word(source: str) -> str:
    """A source of images for the address: never a path of the server."""
    return source if source in sources() else Path(source).name


def parse_class(text: str) -> int:
    """A class from a link.

    Raises:
        InputError: the model has no such class.
    """
    if not text.isdecimal():
        raise InputError("a class is a whole number.")
    return panel.chosen_card().check_target(int(text))


def parse_layer(text: str) -> str:
    """A layer from a link, or several with commas between.

    Raises:
        InputError: the model has no such layer.
    """
    return ",".join(panel.chosen_card().layer(name.strip()).name for name in text.split(","))


def parse_layers(text: str) -> list[str]:
    """Layers from a link, with commas between.

    Raises:
        InputError: the model has no such layer.
    """
    return parse_layer(text).split(",")


def told(values: Mapping[str, Any], given: tuple[Knob, ...]) -> dict[str, str]:
    """Every choice that is not a default, for the address."""
    return {
        knob.name: "" if values[knob.name] == knob.default else _word(values[knob.name])
        for knob in given
        if knob.name in values
    }


def _word(value: Any) -> str:
    """A value as a link writes it and `Knob.parse` reads it."""
    return "auto" if value is None else str(value)
