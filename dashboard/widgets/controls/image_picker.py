"""The image strip: samples, uploads, and the picture that is chosen."""

import io
from functools import lru_cache
from typing import Literal

import streamlit as st

from dashboard.widgets import links, media, session
from dashboard.widgets.controls import model_picker
from models import Photo, imagesets
from models.errors import SeewhyError
from models.menagerie import CLASSES

IMAGE = "image"
UPLOADS, FRESH = "_uploads", "_fresh_upload"
SHOWN = 6
CELL, UPLOAD = 84, 190  # pixels wide
MEGABYTES = imagesets.MAX_BYTES // 10**6  # of one file


def chosen() -> Photo | None:
    """The picture of this view, or None while none is chosen."""
    address = st.session_state.get(IMAGE, "")
    return session.photo(address) if address else None


def readers() -> links.Readers:
    """What a link may say of the picture."""
    return {IMAGE: (IMAGE, links.picture)}


def choices() -> dict[str, str]:
    """The picture, for the address."""
    return {IMAGE: str(st.session_state.get(IMAGE, ""))}


def uploaded() -> list[Photo]:
    """The pictures that this person has dropped, newest first."""
    return [photo for address in st.session_state.get(UPLOADS, []) if (photo := session.photo(address)) is not None]


def offered() -> tuple[imagesets.Sample | imagesets.Animal, ...]:
    """Samples that the chosen model knows something of: drawn animals for the menagerie's networks, else photos."""
    known = model_picker.chosen_card().labels == CLASSES
    return imagesets.animals() if known else imagesets.samples()


def offer() -> None:
    """Nothing chosen yet: say what to do, and offer three pictures."""
    st.markdown("### Drop a photo above, or begin with one of these.")
    for column, entry in zip(st.columns(3), offered()[:3], strict=False):
        with column:
            st.image(entry.photo().pixels, alt=entry.title, width="stretch", output_format="JPEG")
            if st.button(entry.title, key=f"begin.{entry.name}", width="stretch"):
                st.session_state[IMAGE] = entry.name
                st.rerun()
            st.caption(entry.licence)


def strip() -> Photo | None:
    """Upload, pick among samples and own uploads, step with the arrow keys; gives the chosen picture."""
    with st.container(horizontal=True, key="strip", gap="small", vertical_alignment="center", wrap=False):
        with st.container(width=UPLOAD, key="drop"):
            refused = upload("Drop an image", label_visibility="collapsed")
        addresses = [*st.session_state.get(UPLOADS, []), *(entry.name for entry in offered()[:SHOWN])]
        for address in addresses[:8]:
            _cell(address)
        _arrows(addresses)
    if refused:
        st.error("  \n".join(refused))
    photo = chosen()
    if photo is not None and photo.note:
        st.caption(f"{photo.name}: {photo.note}")
    return photo


def fresh() -> bool:
    """Whether a picture was dropped in this very rerun."""
    return bool(st.session_state.pop(FRESH, False))


def another(label: str, key: str, words: str) -> Photo | None:
    """A second picture, of the same samples and uploads; none while none is chosen."""
    addresses = [*st.session_state.get(UPLOADS, []), *(entry.name for entry in imagesets.everything())]
    if st.session_state.get(key) not in addresses:
        st.session_state[key] = None
    address = st.selectbox(
        label,
        addresses,
        index=None,
        key=key,
        help=words,
        placeholder="choose a picture",
        persist_state="session",
        format_func=lambda address: photo.name if (photo := session.photo(address)) else address,
    )
    photo = session.photo(address) if address else None
    if photo is not None:
        st.image(thumbnail(photo), width=96, alt=f"Thumbnail of {photo.name}")
    return photo


def upload(label: str, label_visibility: Literal["visible", "collapsed"] = "visible") -> list[str]:
    """The place to drop pictures; gives a line for each file that was refused just now."""
    files = st.file_uploader(
        label,
        accept_multiple_files=True,
        key="files",
        max_upload_size=MEGABYTES,
        label_visibility=label_visibility,
        help=f"{imagesets.ACCEPTED}; up to {MEGABYTES} MB and {imagesets.MAX_PIXELS // 10**6} megapixels. Stays on this"
        " server.",
    )
    seen, refused = st.session_state.setdefault("_seen", set()), {}
    for file in files:
        if file.file_id in seen:
            continue
        seen.add(file.file_id)
        try:
            _take(imagesets.open_upload(file.getvalue(), file.name))
            st.session_state[FRESH] = True
        except SeewhyError as error:
            refused[file.name] = _about(file.name, error)
    return list(refused.values())


def _about(name: str, error: SeewhyError) -> str:
    """A refusal with the name of its file, once: most errors name it themselves."""
    words = str(error)
    return f"{name}: {words.removeprefix(repr(name)).strip()}"


def _take(photo: Photo) -> None:
    """Keep an upload by its content, so that reload and link keep it, and choose it."""
    address = session.UPLOADED + session.the_engine().keep_photo(photo)
    uploads = [other for other in st.session_state.get(UPLOADS, []) if other != address]
    st.session_state[UPLOADS] = [address, *uploads][:8]
    st.session_state[IMAGE] = address


def _cell(address: str) -> None:
    """A picture that is a button as a whole: `style.css` spreads the button over it."""
    photo = session.photo(address)
    if photo is None:
        return
    picked = st.session_state.get(IMAGE) == address
    with st.container(width=CELL, gap=None, key=f"card.{address[:24]}"):
        source = media.address(thumbnail(photo), "image/webp", f"card.{address}")
        st.html(f'<img src="{source}" alt="" width="{CELL}" height="{CELL}">')
        name = photo.name if len(photo.name) <= 10 else photo.name[:9] + "…"
        kind: Literal["primary", "tertiary"] = "primary" if picked else "tertiary"
        st.button(name, key=f"pick.{address}", type=kind, width="stretch", on_click=_pick, args=(address,))


def _pick(address: str) -> None:
    st.session_state[IMAGE] = address


def _arrows(addresses: list[str]) -> None:
    here = addresses.index(st.session_state[IMAGE]) if st.session_state.get(IMAGE) in addresses else -1
    with st.container(width=44, gap="small", key="arrows"):
        for name, sign, step in (("previous", "‹", -1), ("next", "›", 1)):
            address = addresses[(here + step) % len(addresses)]
            key = "left" if step < 0 else "right"
            words = f"{name.capitalize()} image"
            st.button(sign, key=name, shortcut=key, help=words, on_click=_pick, args=(address,))


@lru_cache(maxsize=256)
def thumbnail(photo: Photo) -> bytes:
    """A square thumbnail of 192 px as WebP."""
    pil = photo.pil()
    side = min(pil.size)
    left, top = (pil.width - side) // 2, (pil.height - side) // 2
    buffer = io.BytesIO()
    pil.crop((left, top, left + side, top + side)).resize((192, 192)).save(buffer, "WEBP", quality=80)
    return buffer.getvalue()
