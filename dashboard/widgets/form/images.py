"""Where images may come from: what has a name, the server's folders, and the folders that the visitor uploaded.

A folder's path never leaves the server: links and labels carry its own name, a link to an upload its digest.
"""

from collections.abc import Mapping
from pathlib import Path

import streamlit as st

import models
from dashboard.widgets import job, session
from explainers import Knob
from explainers.concepts.predicted import PredictedClasses, PredictedParams, predicted_classes
from models import ModelCard, imagesets
from models.errors import InputError, SeewhyError
from models.imagesets import folder
from models.imagesets.decode import clean_name
from models.imagesets.imageset import MENAGERIE, class_counts, sources

UPLOADED, NEW, PREDICTED = "_folders", "_new_folder", "_predicted"


def offered() -> dict[str, str]:
    """Every source that may be chosen here, with its title; never any other path."""
    given = {path: f"folder {Path(path).parent.name}/{Path(path).name}" for path in _folders()}
    ready = {name: source.title for name, source in sources().items() if source.ready}
    return {**ready, **given, **st.session_state.get(UPLOADED, {})}


def strange(card: ModelCard, source: str) -> str:
    """What to do where a model does not know a source's animals; empty where it may know what is there."""
    if source not in MENAGERIE or card.labels == models.card("menagerie_cnn").labels:
        return ""
    return (
        f"{card.title} does not know the menagerie's animals: choose a menagerie network above, or start the server"
        " with a folder of photos, `seewhy serve --images DIR`, and choose it on the left."
    )


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


def predicted(source: str, card: ModelCard) -> PredictedClasses | None:
    """Which classes the model sees in a folder that a visitor uploaded, looked up in the background.

    None for any other source, and, with its progress on the page, until it is known.
    """
    if source not in st.session_state.get(UPLOADED, {}):
        return None
    known: dict[tuple[str, str, str], PredictedClasses] = st.session_state.setdefault(PREDICTED, {})
    place = (source, card.name, card.digest)
    if place not in known:
        answer = job.result_or_progress(predicted_classes.request(card.name, PredictedParams(images=source)))
        if answer is None:
            return None
        known[place] = answer.result
    return known[place]


def is_new(source: str) -> bool:
    """Whether a folder was uploaded just now and no class has been chosen for it yet; true once."""
    if st.session_state.get(NEW) != source:
        return False
    del st.session_state[NEW]
    return True


def pick(knob: Knob, key: str, extra: Mapping[str, str]) -> str:
    """A list of the sources, those of ``extra`` first, and a place to upload a folder."""
    known = {**extra, **offered()}
    if st.session_state.get(key) not in known:
        st.session_state[key] = knob.default if knob.default in known else next(iter(known))
    chosen = st.selectbox(
        knob.label, list(known), key=key, help=knob.help, format_func=known.__getitem__, persist_state="session"
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
    _remember(path, _own_name([file.name for file in files]))
    st.session_state[key] = st.session_state[NEW] = str(path)


def _own_name(files: list[str]) -> str:
    """What the visitor calls the folder: the first part of every path in it."""
    tops = {name.partition("/")[0] for name in files}
    return clean_name(tops.pop()) if len(tops) == 1 and "/" in files[0] else "your folder"


def _remember(path: Path, name: str = folder.UPLOADED) -> None:
    """Keep a folder for this session, under words that no other one has."""
    known = st.session_state.setdefault(UPLOADED, {})
    count = sum(1 for file in path.rglob("*") if file.is_file())
    words = f"{name}, {count} file{'' if count == 1 else 's'}"
    same = sum(1 for place, title in known.items() if title.startswith(words) and place != str(path))
    known.setdefault(str(path), f"{words} ({same + 1})" if same else words)
