"""Uploaded folders: hostile names, files that are no pictures, room that runs out."""

import os
from pathlib import Path

import pytest

from dashboard.engine.uploads import Uploads
from models.errors import InputError
from tests.explainers.nets import photo


def png(seed: int = 0) -> bytes:
    import io

    buffer = io.BytesIO()
    photo(seed).pil().save(buffer, "PNG")
    return buffer.getvalue()


def test_a_folder_keeps_its_classes_and_box_files_under_its_digest(tmp_path: Path) -> None:
    uploads = Uploads(tmp_path / "uploads", 10**9)
    files = [("birds/cat/a.png", png(0)), ("birds/dog/b.png", png(1)), ("birds/boxes.csv", b"image,label\n")]
    kept, refused = uploads.keep(files)
    assert not refused
    assert sorted(path.relative_to(kept).as_posix() for path in kept.rglob("*") if path.is_file()) == [
        "boxes.csv",
        "cat/a.png",
        "dog/b.png",
    ]
    assert uploads.keep(reversed(files))[0] == kept, "the same files are the same folder"
    assert uploads.find(kept.name) == kept
    assert uploads.find("../" + kept.name) is None


@pytest.mark.parametrize("name", ["../../evil.png", "/etc/evil.png", "..\\..\\evil.png", ".hidden.png", "a\0b.png"])
def test_no_name_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    kept, _ = Uploads(tmp_path / "uploads", 10**9).keep([(name, png())])
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) == 1
    assert files[0].resolve().is_relative_to(kept.resolve())
    assert not files[0].name.startswith(".")


def test_what_is_no_picture_is_refused_by_name_and_nothing_else_is_lost(tmp_path: Path) -> None:
    uploads = Uploads(tmp_path / "uploads", 10**9)
    kept, refused = uploads.keep([("good.png", png()), ("words.png", b"not a picture")])
    assert [name for name, _ in refused] == ["words.png"]
    assert [path.name for path in kept.iterdir()] == ["good.png"]
    with pytest.raises(InputError, match="no picture among"):
        uploads.keep([("words.png", b"not a picture")])


def test_the_folder_used_longest_ago_makes_room(tmp_path: Path) -> None:
    uploads = Uploads(tmp_path / "uploads", int(2.5 * max(len(png(seed)) for seed in range(3))))
    first, second = (uploads.keep([(f"{seed}.png", png(seed))])[0] for seed in (0, 1))
    os.utime(first, (1, 1))
    os.utime(second, (2, 2))
    uploads.keep([("0.png", png(0))])  # used again: now the second is the older one
    third, _ = uploads.keep([("2.png", png(2))])
    assert first.is_dir()
    assert third.is_dir()
    assert not second.exists()


def test_more_than_a_folder_may_hold_is_refused_in_one_sentence(tmp_path: Path) -> None:
    uploads = Uploads(tmp_path / "uploads", 3 * len(png()))
    with pytest.raises(InputError, match="choose fewer, or start the server with --images"):
        uploads.keep([(f"{seed}.png", png(seed)) for seed in range(3)])
    assert not list((tmp_path / "uploads").iterdir())


def test_photos_of_a_phone_are_kept(tmp_path: Path) -> None:
    import io

    buffer = io.BytesIO()
    photo(0).pil().save(buffer, "HEIF")
    kept, refused = Uploads(tmp_path / "uploads", 10**9).keep([("trip/IMG_1.HEIC", buffer.getvalue())])
    assert not refused
    assert [path.name for path in kept.iterdir()] == ["IMG_1.HEIC"]
