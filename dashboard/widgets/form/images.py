"""Where images may come from: what has a name, the server's folders, and the folders that the visitor uploaded.

A folder's path never leaves the server: links and labels carry its own name, or the digest of an upload.
"""

from collections.abc import Mapping
from pathlib import Path

import streamlit as st

from dashboard.widgets import session
from models import imagesets
from models.errors import InputError, SeewhyError
from models.imagesets.imageset import class_counts, sources

UPLOADED = "_folders"


def offered() -> dict[str, str]:
    """Every source that may be chosen here, with its title; never any other path."""
    given = {folder: f"folder {Path(folder).parent.name}/{Path(folder).name}" for folder in _folders()}
    ready = {name: source.title for name, source in sources().items() if source.ready}
    return {**ready, **given, **st.session_state.get(UPLOADED, {})}


def name_of(source: str) -> str:
    """A source of images for the address."""
    return source if source in sources() else Path(source).name


def named(text: str) -> str:
    """The source that a link's text names.

    Raises:
        InputError: this server was not given such a folder.
    """
    for source in offered():
        if text in (source, Path(source).name):
            return source
    path = session.the_engine().uploads.find(text)
    if path is None:
        raise InputError("this server was not given that folder; start it with --images, or upload it.")
    _remember(path)
    return str(path)


@st.cache_data(ttl=60, max_entries=50, show_spinner=False)
def counts(source: str, labels: tuple[str, ...]) -> dict[int, int]:
    """How many images of each class a source says it has; looked up at most once a minute."""
    try:
        return class_counts(source, labels)
    except SeewhyError:  # the explainer says why, in one sentence
        return {}


def pick(label: str, key: str, words: str, extra: Mapping[str, str]) -> str:
    """A list of the sources, those of ``extra`` first, and a place to upload a folder."""
    known = {**extra, **offered()}
    if st.session_state.get(key) not in known:
        st.session_state[key] = next(iter(known))
    chosen = st.selectbox(
        label, list(known), key=key, help=words, format_func=known.__getitem__, persist_state="session"
    )
    with st.popover("Use a folder of mine", type="tertiary"):
        st.file_uploader(
            "A folder of pictures",
            accept_multiple_files="directory",
            key=f"{key}.files",
            max_upload_size=imagesets.MAX_BYTES // 10**6,
            on_change=_take,
            args=(key,),
            help="Folders inside it may be classes; a COCO, VOC or CSV file with boxes may lie in it. It stays on this"
            " server.",
        )
    if refused := st.session_state.get(f"{key}.refused"):
        st.warning(refused)
    return str(chosen)


def _folders() -> tuple[str, ...]:
    return session.the_engine().settings.images


def _take(key: str) -> None:
    """Keep the folder that was just dropped, and choose it."""
    files = st.session_state.get(f"{key}.files") or []
    if not files:
        return
    st.session_state[f"{key}.refused"] = ""
    try:
        path, refused = session.the_engine().uploads.keep((file.name, file.getvalue()) for file in files)
    except SeewhyError as error:
        st.session_state[f"{key}.refused"] = str(error)
        return
    if refused:
        names = ", ".join(name for name, _ in refused[:5])
        words = f"Left out, {len(refused)} of {len(files)} files ({names}): {refused[0][1]}"
        st.session_state[f"{key}.refused"] = words
    _remember(path, len(files) - len(refused))
    st.session_state[key] = str(path)


def _remember(path: Path, count: int | None = None) -> None:
    words = "an uploaded folder" if count is None else f"your folder of {count} files"
    st.session_state.setdefault(UPLOADED, {}).setdefault(str(path), f"{words} ({path.name[:6]})")
