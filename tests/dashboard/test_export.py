"""What people take with them: complete, valid, reproducible, and without a way out of the file."""

import io
import json
import re
import subprocess
import sys
import zipfile
import zlib
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import sync_playwright

import models
from dashboard import export
from dashboard.engine.answers import Answer, compute
from dashboard.figures import Look
from explainers import LocalRun, Request, codec, find, params_of
from models.errors import NotReadyError, StorageError
from tests.dashboard.results import evidence, kept, photo, request, result

ROOT = Path(__file__).parents[2]
FIELDS = {
    "schema",
    "explainer",
    "model",
    "weights_sha256",
    "params",
    "seed",
    "versions",
    "device",
    "threads",
    "seconds",
    "when",
    "code",
    "key",
    "sentence",
    "values",
    "evidence",
}


@pytest.fixture(scope="module", params=["class", "likeness"])
def answer(request: pytest.FixtureRequest) -> tuple[Answer, Request]:
    """A real answer; one thread, as a worker has."""
    chosen = {"target": 281} if request.param == "class" else {"question": "likeness", "like": photo(90, 70)}
    asked = Request("gradcam", models.DEFAULT, params_of(find("gradcam"), {"image": photo(), **chosen}))
    return compute(models.load(models.DEFAULT, "cpu"), asked, LocalRun(models.load(models.DEFAULT, "cpu"), 0)), asked


def stored(**params: Any) -> Answer:
    """The answer made by hand, to a request of these parameters."""
    answer, chosen = kept(), {"image": {"sha256": "0" * 64, "name": "noise.png"}, "method": "layercam", **params}
    return Answer(answer.key, answer.result, replace(answer.provenance, params=chosen))


@pytest.fixture(scope="module")
def drawn(chromium_path: str) -> dict[str, bytes]:
    """The figure in every format, at column width, with the evidence under it."""
    figure = export.paper_figures(stored(), Look(width="column"), evidence().result)["map"]
    return {kind: export.render(figure, kind) for kind in export.FORMATS}


def test_a_bundle_has_its_files_and_nothing_else() -> None:
    files = export.bundle(kept(), evidence(), request(), Look(), kinds=("html",))
    assert set(files) == {
        "manifest.json",
        "arrays.npz",
        "snippet.py",
        "image.png",
        "figures/map.html",
        "figures/signed.html",
        "figures/evidence_deletion.html",
    }
    with zipfile.ZipFile(io.BytesIO(export.zipped(files))) as archive:
        assert archive.testzip() is None
        assert set(archive.namelist()) == set(files)
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(files["image.png"]))), photo().pixels)


def test_the_manifest_says_everything_but_the_arrays() -> None:
    told = json.loads(json.dumps(export.manifest(kept(), evidence())))
    assert set(told) == FIELDS
    assert told["schema"] == 1
    assert told["weights_sha256"] == models.card(models.DEFAULT).digest
    assert "*" not in told["sentence"]
    assert told["values"]["label"] == "tiger cat"
    assert [score["name"] for score in told["evidence"]] == ["deletion"]
    assert "curves" not in told["evidence"][0]


def test_arrays_need_no_pickle_and_carry_their_names() -> None:
    with np.load(io.BytesIO(export.arrays_npz(kept())), allow_pickle=False) as arrays:
        wanted = codec.arrays_of(result())
        assert set(arrays.files) == set(wanted) >= {"image", "cam", "heatmap", "logits"}
        assert all(np.array_equal(arrays[name], wanted[name]) for name in wanted)


def test_the_snippet_reproduces_the_arrays_in_a_fresh_process(answer: tuple[Answer, Request], tmp_path: Path) -> None:
    files = export.bundle(answer[0], None, answer[1], Look(), kinds=())
    assert ("like.png" in files) == (answer[1].params.like is not None)
    export.write(files, tmp_path / "bundle")
    done = subprocess.run(
        [sys.executable, str(tmp_path / "bundle" / "snippet.py")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(ROOT), "PATH": "", "HOME": str(tmp_path)},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == len(codec.arrays_of(answer[0].result))
    assert all(line.endswith(": identical") for line in lines)


@pytest.mark.parametrize(
    ("label", "model", "stem"),
    [
        ("tiger cat", "efficientnet_lite0", "gradcam_efficientnet_lite0_tiger-cat"),
        ("../../etc", "/a/b/net.pt", "gradcam_net_etc"),
        ("hen, bird", "timm/resnet50", "gradcam_resnet50_hen"),
    ],
)
def test_a_file_name_says_lens_model_and_class(label: str, model: str, stem: str) -> None:
    made = kept(label=label)
    told = {**vars(made.provenance), "model": model}
    assert export.file_stem(Answer(made.key, made.result, type(made.provenance)(**told))) == stem


def test_png_is_300_dots_an_inch(drawn: dict[str, bytes]) -> None:
    picture = Image.open(io.BytesIO(drawn["png"]))
    assert picture.format == "PNG"
    assert picture.width == pytest.approx(85 / 25.4 * 300, abs=3)
    assert picture.info["dpi"] == pytest.approx((300, 300), abs=0.1)
    picture.verify()  # the checksum of every chunk


def test_the_caption_names_method_class_model_and_picture() -> None:
    words = export.caption(stored())
    assert words.startswith(f"LayerCAM, tiger cat, {models.DEFAULT}, noise.png, layer bn2; weights ")
    assert export.caption(kept()).startswith(f"Grad-CAM, tiger cat, {models.DEFAULT}, layer bn2; ")
    concepts = replace(kept().provenance, explainer="concepts", params={"method": "nmf"})
    assert export.caption(Answer("0" * 64, kept().result, concepts)).startswith("Concepts (NMF), tiger cat, ")


def test_the_map_is_seen_on_paper(drawn: dict[str, bytes]) -> None:
    """Plotly draws only one of two pictures of the same place and size."""
    bare = export.paper_figures(stored(), Look(width="column", show="photo"), evidence().result)["map"]
    rgb = [
        np.asarray(Image.open(io.BytesIO(data)).convert("RGB"), float)[200:700, 100:900]
        for data in (drawn["png"], export.render(bare, "png"))
    ]
    assert np.abs(rgb[0].mean((0, 1)) - rgb[1].mean((0, 1))).max() > 10


@pytest.mark.parametrize("kind", ["svg", "pdf", "html"])
def test_every_file_says_what_it_shows_and_how_far_to_trust_it(drawn: dict[str, bytes], kind: str) -> None:
    texts = {"svg": _svg_texts, "pdf": _pdf_texts, "html": lambda page: [page.decode()]}[kind](drawn[kind])
    for words in ("LayerCAM", "tiger cat", models.DEFAULT, "noise.png", "Evidence: supported.", "better than centre"):
        plain = words.replace(" ", "")
        assert any(plain in re.sub(r"\s|<[^>]+>", "", text) for text in texts), words


def _svg_texts(svg: bytes) -> list[str]:
    return [re.sub(r"<[^>]+>", "", svg.decode())]


def _pdf_texts(pdf: bytes) -> list[str]:
    """All glyphs of a PDF, read with each of its fonts' tables of glyphs and letters."""
    streams = _inflated(pdf)
    glyphs = [int(code, 16) for data in streams for code in re.findall(rb"<([0-9A-F]{4})> Tj", data)]
    tables = [_letters(data.decode()) for data in streams if b"begincmap" in data]
    return ["".join(table.get(glyph, "?") for glyph in glyphs) for table in tables]


def _letters(table: str) -> dict[int, str]:
    letters = {}
    for block in re.findall(r"beginbfchar\n(.*?)endbfchar", table, re.DOTALL):
        letters |= {int(a, 16): chr(int(b, 16)) for a, b in re.findall(r"<(\w+)> <(\w{4})>", block)}
    for block in re.findall(r"beginbfrange\n(.*?)endbfrange", table, re.DOTALL):
        for low, high, first in re.findall(r"<(\w+)> <(\w+)> <(\w+)>", block):
            start = int(low, 16)
            letters |= {code: chr(int(first, 16) + code - start) for code in range(start, int(high, 16) + 1)}
    return letters


@pytest.mark.parametrize("size", [(1200, 700), (500, 900)])
def test_html_fills_its_window(
    drawn: dict[str, bytes], chromium_path: str, tmp_path: Path, size: tuple[int, int]
) -> None:
    (tmp_path / "map.html").write_bytes(drawn["html"])
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": size[0], "height": size[1]})
        page.goto((tmp_path / "map.html").as_uri())
        box = page.locator(".main-svg").first.bounding_box()
        inside = page.evaluate("[document.body.scrollWidth, document.body.scrollHeight]")
        browser.close()
    assert box == {"x": 0, "y": 0, "width": size[0], "height": size[1]}
    assert inside == list(size)


def test_svg_keeps_words_as_text_and_the_photo_as_it_was(drawn: dict[str, bytes]) -> None:
    svg = drawn["svg"].decode()
    assert "<text" in svg
    assert "tiger cat" in re.sub(r"<[^>]+>", "", svg)
    assert "data:image/png;base64," in svg
    assert not re.findall(r'(?:href|src)="https?://', svg)


def test_pdf_keeps_words_as_text_and_the_photo_at_full_resolution(drawn: dict[str, bytes]) -> None:
    pdf = drawn["pdf"]
    assert pdf.startswith(b"%PDF-")
    plain = pdf + b"".join(_inflated(pdf))
    assert b"/Font" in plain
    pictures = [(int(a), int(b)) for a, b in re.findall(rb"/Width (\d+)\s*/Height (\d+)", plain)]
    assert result().image.shape[1::-1] in pictures


def _inflated(pdf: bytes) -> list[bytes]:
    found = []
    for data in re.findall(rb"stream\r?\n(.*?)endstream", pdf, re.DOTALL):
        unpacker = zlib.decompressobj()
        try:
            found.append(unpacker.decompress(data))
        except zlib.error:
            continue
    return found


class Fetched(HTMLParser):
    """Addresses that a browser fetches by itself when it opens a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        names = ("src", "srcset", "data", "poster") if tag != "link" else ("href",)
        self.found += [str(told[name]) for name in names if told.get(name)]


def test_html_stands_alone(drawn: dict[str, bytes]) -> None:
    page = drawn["html"].decode()
    assert not [address for address in Fetched(page).found if not address.startswith("data:")]
    assert "tiger cat" in page
    assert len(page) > 1_000_000  # Plotly is inside


def test_without_a_chromium_html_is_what_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "browser", lambda: None)
    assert export.kinds_here() == ("html",)
    figure = export.paper_figures(kept(), Look())["map"]
    assert export.render(figure, "html").startswith(b"<!doctype html>")
    with pytest.raises(NotReadyError, match="take the HTML"):
        export.render(figure, "png")


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="choose another folder with --out"):
        export.write({"a/b": b""}, tmp_path / "file")
