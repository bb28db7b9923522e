"""The sample gallery and folders of pictures."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from models.errors import InputError
from models.imagesets import folder as folders
from models.imagesets import image_folder, sample, samples
from models.imagesets.folder import texts


def picture(path: Path, colour: tuple[int, int, int] = (9, 9, 9)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (6, 4), colour).save(path)
    return path


@pytest.fixture
def classes(tmp_path: Path) -> Path:
    for name in ("b/2.png", "b/1.png", "a/x.jpg", "a/deep/y.png", "c/z.webp"):
        picture(tmp_path / "set" / name)
    return tmp_path / "set"


def names(folder: object) -> list[str]:
    return [entry.path.relative_to(folder.path).as_posix() for entry in folder.entries]


def test_every_sample_opens_and_says_its_licence() -> None:
    assert {"chelsea", "coffee", "rocket", "astronaut", "horse"} <= {entry.name for entry in samples()}
    for entry in samples():
        assert entry.licence.startswith(("CC0", "Public domain"))
        assert min(entry.photo().pixels.shape[:2]) >= 300
        assert entry.photo() is sample(entry.name)


def test_chelsea_is_chelsea() -> None:
    photo = sample("chelsea")
    assert photo.pixels.shape == (300, 451, 3)
    assert photo.pixels[0, 0].tolist() == [143, 120, 104]
    assert photo.name == "chelsea"


def test_the_horse_is_black_on_white() -> None:
    pixels = sample("horse").pixels
    assert pixels[0, 0].tolist() == [255] * 3
    assert pixels.min() == 0


def test_unknown_sample_lists_those_there_are() -> None:
    with pytest.raises(InputError, match="chelsea, coffee"):
        sample("lena")


def test_the_gallery_imports_no_scikit_image() -> None:
    code = "import sys; from models.imagesets import sample; sample('coffee'); sys.exit('skimage' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=100)


def test_class_folders_are_sorted(classes: Path) -> None:
    folder = image_folder(classes)
    assert names(folder) == ["a/deep/y.png", "a/x.jpg", "b/1.png", "b/2.png", "c/z.webp"]
    assert [entry.label for entry in folder.entries] == ["a", "a", "b", "b", "c"]
    assert folder.labels == ("a", "b", "c")
    assert folder.summary() == "5 pictures in 3 classes."


def test_flat_folder(tmp_path: Path) -> None:
    picture(tmp_path / "b.png", (1, 2, 3))
    picture(tmp_path / "a.png")
    folder = image_folder(str(tmp_path))
    assert names(folder) == ["a.png", "b.png"]
    assert folder.labels == ()
    assert np.array_equal(folder.entries[1].photo().pixels, np.full((4, 6, 3), (1, 2, 3)))


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        (1, ["a/deep/y.png"]),
        (3, ["a/deep/y.png", "b/1.png", "c/z.webp"]),
        (4, ["a/deep/y.png", "a/x.jpg", "b/1.png", "c/z.webp"]),
        (99, ["a/deep/y.png", "a/x.jpg", "b/1.png", "b/2.png", "c/z.webp"]),
    ],
)
def test_limit_is_spread_over_the_classes(classes: Path, limit: int, expected: list[str]) -> None:
    assert names(image_folder(classes, limit)) == expected


def test_unreadable_files_are_skipped_counted_and_named(classes: Path) -> None:
    (classes / "a" / "notes.txt").write_text("not a picture")
    whole = picture(classes / "b" / "whole.jpg").read_bytes()
    (classes / "b" / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    (classes / ".hidden.png").write_bytes(b"")
    folder = image_folder(classes)
    assert len(folder.entries) == 6
    assert [path.name for path, _ in folder.skipped] == ["notes.txt", "cut.jpg"]
    assert folder.summary() == "6 pictures in 3 classes; 2 files skipped: notes.txt, cut.jpg."
    assert "cut short" in folder.skipped[1][1]


def test_headers_only(classes: Path) -> None:
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)).save(
        classes / "b" / "n.jpg"
    )
    cut = classes / "b" / "n.jpg"
    cut.write_bytes(cut.read_bytes()[:3000])
    (classes / "a" / "text.png").write_text("text")
    folder = image_folder(classes, thorough=False)
    assert cut in [entry.path for entry in folder.entries]
    assert [path.name for path, _ in folder.skipped] == ["text.png"]
    with pytest.raises(InputError, match="cut short"):
        next(entry for entry in folder.entries if entry.path == cut).photo()


def test_links_that_leave_the_folder_are_not_followed(classes: Path, tmp_path: Path) -> None:
    outside = picture(tmp_path / "outside" / "secret.png")
    (classes / "a" / "link.png").symlink_to(outside)
    (classes / "d").symlink_to(outside.parent, target_is_directory=True)
    (classes / "a" / "loop").symlink_to(classes, target_is_directory=True)
    (classes / "a" / "inside.png").symlink_to(classes / "b" / "1.png")
    (classes / "a" / "dangling.png").symlink_to(tmp_path / "nowhere.png")
    assert names(image_folder(classes)) == ["a/deep/y.png", "a/inside.png", "a/x.jpg", "b/1.png", "b/2.png", "c/z.webp"]


def test_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"There is no folder .*gone"):
        image_folder(tmp_path / "gone")


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="There is no folder"):
        image_folder(picture(tmp_path / "a.png"))


def test_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no picture that can be read; give another"):
        image_folder(tmp_path)
    (tmp_path / "notes.txt").write_text("text")
    with pytest.raises(InputError, match=r"\(1 file skipped: notes\.txt\)"):
        image_folder(tmp_path)


def test_limit_below_one(classes: Path) -> None:
    with pytest.raises(InputError, match="at least 1"):
        image_folder(classes, 0)


def test_texts_among_pictures_by_ending_and_by_name(classes: Path, tmp_path: Path) -> None:
    (classes / "boxes.CSV").write_bytes(b"\xef\xbb\xbfimage,label\n\xff")
    (classes / "Annotations").mkdir()
    (classes / "Annotations" / "1.xml").write_text("<a/>")
    (classes / ".hidden.csv").write_text("no")
    (tmp_path / "secret.csv").write_text("secret")
    (classes / "link.csv").symlink_to(tmp_path / "secret.csv")
    assert texts(classes, (".csv", ".xml")) == (("boxes.CSV", "image,label\n\ufffd"), ("Annotations/1.xml", "<a/>"))
    assert texts(classes, (".csv", ".xml"), "Annotations/1.xml") == (("Annotations/1.xml", "<a/>"),)
    for name in ("../secret.csv", "link.csv", "boxes.csv", "b/1.png", "/etc/passwd"):
        with pytest.raises(InputError, match="holds no file"):
            texts(classes, (".csv", ".xml"), name)
    with pytest.raises(InputError, match="There is no folder"):
        texts(classes / "gone", (".csv",))


def test_texts_have_a_limit(classes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (classes / "boxes.csv").write_text("x" * 100)
    monkeypatch.setattr(folders, "TEXT_BYTES", 99)
    with pytest.raises(InputError, match="the limit is"):
        texts(classes, (".csv",))
