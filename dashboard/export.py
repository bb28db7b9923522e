"""Take it with you: figures as PNG, SVG, PDF and HTML, and the bundle that reproduces them."""

import atexit
import errno
import io
import json
import os
import re
import shutil
import threading
import zipfile
from dataclasses import asdict
from pathlib import Path

import numpy as np
import plotly.graph_objects as go

from dashboard.engine.answers import Answer
from dashboard.engine.framing import Json
from dashboard.figures import Look, figures_of
from dashboard.figures.scores import score_curves
from dashboard.figures.style import Width
from explainers import Evidence, Request, Result, codec, find
from explainers.params import photos
from models import Photo
from models.errors import NotReadyError, StorageError

FORMATS = ("png", "svg", "pdf", "html")
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
NO_BROWSER = (
    "PNG, SVG and PDF are drawn by Chromium, which is not on this machine; install it (on Debian: apt-get install"
    " chromium), or take the HTML, which needs nothing."
)
_LOCK = threading.Lock()
_STARTED: list[bool] = []


def caption(kept: Answer[Result]) -> str:
    """The small line under a figure: method, model, weights, seed."""
    source, lens = kept.provenance, find(kept.provenance.explainer)
    where = f", layer {kept.result.where}" if kept.result.where else ""
    return (
        f"{lens.title}, {source.model}{where}; weights {source.weights_sha256[:12]}, seed {source.seed};"
        f" Seewhy {source.versions['seewhy']}."
    )


def file_stem(kept: Answer[Result]) -> str:
    """Name of an exported file: lens, model, class."""
    label = kept.result.subject.split(",")[0]
    parts = (kept.provenance.explainer, Path(kept.provenance.model).stem, label)
    return "_".join(re.sub(r"[^\w-]+", "-", part).strip("-") for part in parts if part)


def browser() -> str | None:
    """The Chromium or Chrome that draws figures, or None."""
    return next((path for name in BROWSERS if (path := shutil.which(name))), None)


def render(figure: go.Figure, kind: str) -> bytes:
    """A figure as ``png``, ``svg``, ``pdf`` or ``html`` (standalone, opens without a connection).

    Raises:
        NotReadyError: no Chromium is on this machine, or it does not start.
    """
    if kind == "html":
        return str(figure.to_html(include_plotlyjs=True, full_html=True)).encode()
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
            scale = 300 / 96 if kind == "png" else 1
            data: bytes = kaleido.calc_fig_sync(figure, opts={"format": kind, "scale": scale})
        except (RuntimeError, OSError, ValueError) as error:
            raise NotReadyError(
                f"Chromium could not draw the figure ({type(error).__name__}); take the HTML."
            ) from error
    return data


def paper_figures(kept: Answer[Result], look: Look, width: Width) -> dict[str, go.Figure]:
    """The figures of an answer, on white paper, with title and caption."""
    return figures_of(kept.result, look.for_export(width, caption(kept)))


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
    width: Width = "page",
    kinds: tuple[str, ...] = FORMATS,
) -> dict[str, bytes]:
    """The files of a bundle by relative path.

    They are ``manifest.json``, ``arrays.npz``, ``snippet.py`` that reproduces the arrays, the pictures, ``figures/``.
    """
    files = {
        "manifest.json": json.dumps(manifest(kept, evidence), indent=2).encode(),
        "arrays.npz": arrays_npz(kept),
        "snippet.py": snippet(kept, request).encode(),
    }
    files.update({f"{name}.png": _png(photo) for name, photo in photos(request.params).items()})
    figures = paper_figures(kept, look, width)
    for score in evidence.result.scores if evidence else ():
        if score.curves:
            figures[f"evidence_{score.name}"] = score_curves(score, look.for_export(width, caption(kept)))
    for name, figure in figures.items():
        for kind in kinds:
            files[f"figures/{name}.{kind}"] = render(figure, kind)
    return files


def kinds_here() -> tuple[str, ...]:
    """The formats that this machine can draw: all, or HTML alone without a Chromium."""
    return FORMATS if browser() else ("html",)


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


def _png(photo: Photo) -> bytes:
    buffer = io.BytesIO()
    photo.pil().save(buffer, "PNG")
    return buffer.getvalue()
