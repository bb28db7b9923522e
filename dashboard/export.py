"""Take it with you: figures as PNG, SVG, PDF and HTML, and the bundle that reproduces them."""

import atexit
import errno
import io
import json
import os
import re
import shutil
import struct
import threading
import zipfile
import zlib
from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
import plotly.graph_objects as go

from dashboard.engine.answers import Answer
from dashboard.engine.framing import Json
from dashboard.figures import Look, figures_of
from dashboard.figures.scores import lay_below, score_curves
from explainers import Evidence, Request, Result, codec, find
from explainers.params import knobs, photos
from models import Photo
from models.errors import NotReadyError, StorageError
from models.labels import short

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
NO_BROWSER = (
    "PNG, SVG and PDF are drawn by Chromium, which is not on this machine; install it (on Debian: apt-get install"
    " chromium), or take the HTML, which needs nothing."
)
DPI = 300
HEADER = 33  # bytes of a PNG before its second chunk
FILLING = "html, body, body > div { height: 100%; margin: 0 }"
_LOCK = threading.Lock()
_STARTED: list[bool] = []


def caption(kept: Answer[Result]) -> str:
    """The small line under a figure: method, class, model, picture; layer, weights, seed."""
    source = kept.provenance
    picture = source.params.get("image")
    words = [_method(kept), short(kept.result.subject), source.model]
    words += [str(picture["name"])] if isinstance(picture, dict) else []
    words += [f"layer {kept.result.where}"] if kept.result.where else []
    return (
        f"{', '.join(filter(None, words))}; weights {source.weights_sha256[:12]}, seed {source.seed};"
        f" Seewhy {source.versions['seewhy']}."
    )


def _method(kept: Answer[Result]) -> str:
    """The lens, and the method where it has several."""
    lens = find(kept.provenance.explainer)
    methods = next((knob.kind.options() for knob in knobs(lens.params) if knob.name == "method"), {})
    method = methods.get(kept.provenance.params.get("method"), "")
    if lens.name in methods:  # named after one of its methods
        return method or lens.title
    return f"{lens.title} ({method})" if method else lens.title


def file_stem(kept: Answer[Result]) -> str:
    """Name of an exported file: lens, model, class."""
    label = kept.result.subject.split(",")[0]
    parts = (kept.provenance.explainer, Path(kept.provenance.model).stem, label)
    return "_".join(re.sub(r"[^\w-]+", "-", part).strip("-") for part in parts if part)


def browser() -> str | None:
    """The Chromium or Chrome that draws figures, or None."""
    return next((path for name in BROWSERS if (path := shutil.which(name))), None)


def render(figure: go.Figure, kind: str) -> bytes:
    """A figure in one of the `FORMATS`.

    Raises:
        NotReadyError: the format needs Chromium, and none is on this machine, or it does not start.
    """
    return FORMATS[kind].draw(figure)


def _html(figure: go.Figure) -> bytes:
    """A page that fills its window and opens without a connection."""
    free = go.Figure(figure).update_layout(width=None, height=None, autosize=True)
    page = free.to_html(include_plotlyjs=True, full_html=True, config={"responsive": True})
    return str(page).replace("<head>", f"<head><style>{FILLING}</style>", 1).encode()


def _png(figure: go.Figure) -> bytes:
    """Pixels at 300 dots an inch, which the file says in its pHYs chunk."""
    data, dots = _chromium(figure, "png", DPI / 96), round(DPI / 0.0254)  # a metre, as PNG counts
    chunk = b"pHYs" + struct.pack(">IIB", dots, dots, 1)
    return data[:HEADER] + struct.pack(">I", 9) + chunk + struct.pack(">I", zlib.crc32(chunk)) + data[HEADER:]


def _chromium(figure: go.Figure, kind: str, scale: float = 1.0) -> bytes:
    import kaleido

    with _LOCK:
        path = browser()
        if path is None:
            raise NotReadyError(NO_BROWSER)
        try:
            if not _STARTED:  # one Chromium stays open: about 0.6 s a figure instead of 3
                kaleido.start_sync_server(path=path, silence_warnings=True)
                atexit.register(kaleido.stop_sync_server, silence_warnings=True)
                _STARTED.append(True)
            data: bytes = kaleido.calc_fig_sync(figure, opts={"format": kind, "scale": scale})
        except (RuntimeError, OSError, ValueError) as error:
            raise NotReadyError(
                f"Chromium could not draw the figure ({type(error).__name__}); take the HTML."
            ) from error
    return data


@dataclass(frozen=True)
class Format:
    """A kind of file that figures are exported as.

    Attributes:
        mime: its media type.
        draw: a figure as such a file.
        browser: whether Chromium draws it.
    """

    mime: str
    draw: Callable[[go.Figure], bytes]
    browser: bool = True


FORMATS = {
    "png": Format("image/png", _png),
    "svg": Format("image/svg+xml", partial(_chromium, kind="svg")),
    "pdf": Format("application/pdf", partial(_chromium, kind="pdf")),
    "html": Format("text/html", _html, browser=False),
}


def paper_figures(kept: Answer[Result], look: Look, evidence: Evidence | None = None) -> dict[str, go.Figure]:
    """The figures of an answer, on white paper of the look's width, with title, caption and, if given, evidence."""
    paper = look.for_export(look.width, caption(kept))
    figures = figures_of(kept.result, paper)
    return {name: lay_below(figure, evidence, paper) if evidence else figure for name, figure in figures.items()}


def manifest(kept: Answer[Result], evidence: Answer[Evidence] | None) -> dict[str, Json]:
    """What ``manifest.json`` holds: everything but the arrays."""
    source = asdict(kept.provenance)
    scores = codec.values_of(evidence.result)["scores"] if evidence else []
    return {
        "schema": 1,
        **source,
        "key": kept.key,
        "sentence": kept.result.sentence.replace("*", ""),
        "values": codec.values_of(kept.result),
        "evidence": [{name: value for name, value in score.items() if name != "curves"} for score in scores],
    }


def arrays_npz(kept: Answer[Result]) -> bytes:
    """``arrays.npz``: the arrays of the result by name, nothing pickled."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **codec.arrays_of(kept.result))
    return buffer.getvalue()


def bundle(  # noqa: PLR0913 - the six things that a bundle is made of
    kept: Answer[Result],
    evidence: Answer[Evidence] | None,
    request: Request[Result],
    look: Look,
    *,
    kinds: Collection[str] = FORMATS,
    with_evidence: bool = False,
) -> dict[str, bytes]:
    """The files of a bundle by relative path.

    They are ``manifest.json``, ``arrays.npz``, ``snippet.py`` that reproduces the arrays, the pictures, ``figures/``.
    """
    scores = evidence.result if evidence else Evidence(scores=())
    figures = paper_figures(kept, look, scores if with_evidence and scores.scores else None)
    curves = {f"evidence_{score.name}": score for score in scores.scores if score.curves}
    figures |= {name: score_curves(score, look.for_export(look.width, caption(kept))) for name, score in curves.items()}
    return {
        "manifest.json": json.dumps(manifest(kept, evidence), indent=2).encode(),
        "arrays.npz": arrays_npz(kept),
        "snippet.py": snippet(kept, request).encode(),
        **{f"{name}.png": _photo_png(photo) for name, photo in photos(request.params).items()},
        **{f"figures/{name}.{kind}": render(figure, kind) for name, figure in figures.items() for kind in kinds},
    }


def kinds_here() -> tuple[str, ...]:
    """The formats that this machine can draw: all, or HTML alone without a Chromium."""
    return tuple(kind for kind, form in FORMATS.items() if browser() or not form.browser)


def zipped(files: dict[str, bytes]) -> bytes:
    """A bundle as one zip file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in files.items():
            archive.writestr(path, data)
    return buffer.getvalue()


def write(files: dict[str, bytes], folder: Path) -> None:
    """A bundle as a folder; without files, the folder alone, to know before long work whether it can be written.

    Raises:
        StorageError: the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        for path, data in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(data)
    except OSError as error:
        raise StorageError(
            f"'{folder}' cannot be written ({error.strerror}); choose another folder with --out."
        ) from error


def snippet(kept: Answer[Result], request: Request[Result]) -> str:
    """A small program that works the same answer out again and compares it with ``arrays.npz``, bit for bit."""
    source = kept.provenance
    pictures = photos(request.params)
    lines = [f'    {name}=here / "{name}.png",' for name in pictures]
    lines += [f"    {name}={value!r}," for name, value in source.params.items() if name not in pictures]
    return "\n".join(
        [
            '"""Reproduces arrays.npz beside this file; needs the same versions and, to be exact, a CPU."""',
            "",
            "from pathlib import Path",
            "",
            "import numpy as np",
            "import torch",
            "",
            "import explainers",
            "import models",
            "",
            "here = Path(__file__).parent",
            f"torch.set_num_threads({source.threads})",
            f"handle = models.load({source.model!r}, device={source.device!r})",
            f'assert handle.digest == "{source.weights_sha256}", "these are other weights"',
            f"result = explainers.explain(\n    {source.explainer!r},\n    handle,",
            *lines,
            ")",
            'kept = np.load(here / "arrays.npz")',
            "for name in kept.files:",
            '    same = np.array_equal(kept[name], getattr(result, name), equal_nan=kept[name].dtype.kind == "f")',
            "    print(f\"{name}: {'identical' if same else 'DIFFERENT'}\")",
            "",
            "",
        ]
    )


def _photo_png(photo: Photo) -> bytes:
    buffer = io.BytesIO()
    photo.pil().save(buffer, "PNG")
    return buffer.getvalue()
