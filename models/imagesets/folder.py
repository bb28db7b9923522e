"""Pictures in a folder: flat, or one folder a class (DIR/CLASS/*.jpg), in an order that never changes."""

import os
import re
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from models.errors import InputError
from models.imagesets.decode import check_bytes, check_header, clean_name, open_upload
from models.imagesets.photo import Photo

PICTURES = (
    ".png",
    ".jpg",
    ".jpeg",
    ".webp",
    ".gif",
    ".bmp",
    ".tif",
    ".tiff",
    ".avif",
    ".heic",
    ".heif",
)  # endings, usually
UPLOADED = "an uploaded folder"
TEXT_BYTES = 64_000_000  # of one text file beside pictures, and of all of them together

T = TypeVar("T")


@dataclass(frozen=True)
class Entry:
    """One picture of a folder: where it is, and the class whose folder it lies in (None in a flat folder)."""

    path: Path
    label: str | None

    def photo(self) -> Photo:
        """Read and decode it; `InputError` when it is damaged."""
        return open_upload(_read(self.path), self.path.name)


@dataclass(frozen=True)
class Folder:
    """What was found in a folder.

    Attributes:
        path: the folder.
        entries: its readable pictures, sorted by class, then by path.
        skipped: files that cannot be read as pictures, and why, sorted by path.
    """

    path: Path
    entries: tuple[Entry, ...]
    skipped: tuple[tuple[Path, str], ...]

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the classes, sorted; empty for a flat folder."""
        return tuple(sorted({entry.label for entry in self.entries if entry.label is not None}))

    def summary(self) -> str:
        """One sentence: how many pictures and classes there are, and which files were skipped."""
        classes = f" in {_count(len(self.labels), 'class', 'classes')}" if self.labels else ""
        counted = f"{_count(len(self.entries), 'picture', 'pictures')}{classes}"
        return f"{counted}; {_skips(self.skipped)}." if self.skipped else f"{counted}."


def image_folder(path: str | Path, limit: int | None = None, *, thorough: bool = True) -> Folder:
    """List the pictures of a folder.

    Args:
        path: ``DIR/CLASS/.../*.jpg``, or a flat folder. Hidden files and links that leave the folder are passed over.
        limit: at most so many pictures, spread evenly over the classes.
        thorough: decode every picture once, so that none fails later; without it only the headers are read.

    Raises:
        InputError: there is no such folder, it may not be read, or it holds no picture.
    """
    root = Path(path)
    if not root.is_dir():
        raise _missing(root, ", or one with a folder for each class")
    if limit is not None and limit < 1:
        raise InputError(f"The limit of pictures must be at least 1; it is {limit}.")
    entries: list[Entry] = []
    skipped: list[tuple[Path, str]] = []
    for entry in spread(_candidates(root), lambda entry: entry.label):
        if len(entries) == limit:
            break
        try:
            _check(entry.path, thorough)
        except InputError as error:
            skipped.append((entry.path, str(error)))
        else:
            entries.append(entry)
    if not entries:
        raise InputError(
            f"'{_called(root)}' holds no picture that can be read{_skips(skipped, ' (', ')')}; give another folder."
        )
    return Folder(root, tuple(sorted(entries, key=_order)), tuple(sorted(skipped)))


def title(path: str | Path) -> str:
    """What a folder is called: its own name and that of the folder it lies in, never the whole path.

    One that a visitor uploaded is kept under the digest of what it holds, which says nothing to anybody.
    """
    return UPLOADED if _uploaded(Path(path)) else "/".join(Path(path).absolute().parts[1:][-2:])


def _uploaded(path: Path) -> bool:
    return re.fullmatch(r"[0-9a-f]{64}", path.name) is not None


def _called(root: Path) -> str:
    return UPLOADED if _uploaded(root) else str(root)


def _missing(root: Path, wanted: str) -> InputError:
    if _uploaded(root):
        return InputError("The uploaded folder is no longer kept here; upload it again.")
    return InputError(f"There is no folder '{root}'; give a folder of pictures{wanted}.")


def listed(path: str | Path) -> dict[str, Entry]:
    """The files of a folder that are called like pictures, by their path inside it; none is read.

    Raises:
        InputError: there is no such folder, it may not be read, or it holds no such file.
    """
    root = Path(path)
    if not root.is_dir():
        raise _missing(root, "")
    pictures = (entry for entry in _candidates(root) if entry.path.name.lower().endswith(PICTURES))
    by_place = {entry.path.relative_to(root).as_posix(): entry for entry in pictures}
    if not by_place:
        raise InputError(f"'{_called(root)}' holds no file that is called like a picture; give another folder.")
    return by_place


def texts(path: str | Path, endings: tuple[str, ...], name: str = "") -> tuple[tuple[str, str], ...]:
    """Text files that lie among the pictures of a folder: path inside it, and content (UTF-8, marks for the rest).

    Args:
        path: the folder; hidden files and links that leave it are passed over.
        endings: ``(".csv", ".json")``, in small letters.
        name: of the one file that is wanted, as a path inside the folder; all by default.

    Raises:
        InputError: no such folder or file, or more than `TEXT_BYTES`.
    """
    root = Path(path)
    if not root.is_dir():
        raise _missing(root, "")
    paths = [entry.path for entry in _candidates(root) if entry.path.name.lower().endswith(endings)]
    if name:
        paths = [each for each in paths if each.relative_to(root).as_posix() == name]
    if name and not paths:
        raise InputError(f"'{_called(root)}' holds no file '{clean_name(name)}' that ends in {', '.join(endings)}.")
    size = sum(each.stat().st_size for each in paths)
    if size > TEXT_BYTES:
        raise InputError(
            f"The {' and '.join(endings)} files in '{_called(root)}' have {size // 10**6} MB and the limit is"
            f" {TEXT_BYTES // 10**6} MB; name the one that is meant, or give fewer."
        )
    return tuple((each.relative_to(root).as_posix(), _text(each)) for each in paths)


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig", errors="replace")
    except OSError as error:
        raise InputError(f"'{path.name}' may not be read ({error.strerror}); change its permissions.") from error


def _candidates(root: Path) -> list[Entry]:
    """Every visible file under the root that does not lead out of it, by class and path."""
    entries, home = [], root.resolve()
    for folder, folders, files in os.walk(root, onerror=_unreadable):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in files:
            path = Path(folder, name)
            parts = path.relative_to(root).parts
            if not name.startswith(".") and path.is_file() and path.resolve().is_relative_to(home):
                entries.append(Entry(path, parts[0] if len(parts) > 1 else None))
    return sorted(entries, key=_order)


def _unreadable(error: OSError) -> None:
    raise InputError(f"The folder '{error.filename}' may not be read; change its permissions.") from error


def _order(entry: Entry) -> tuple[str, str]:
    return entry.label or "", entry.path.as_posix()


def spread(items: Sequence[T], group: Callable[[T], Hashable]) -> list[T]:
    """The first of every group, the second of every group, and so on; within a group the order stays."""
    seen: Counter[Hashable] = Counter()
    turns = []
    for item in items:
        seen[group(item)] += 1
        turns.append(seen[group(item)])
    return [items[at] for at in sorted(range(len(items)), key=turns.__getitem__)]


def _check(path: Path, thorough: bool) -> None:
    data = _read(path)
    if thorough:
        open_upload(data, path.name)
    else:
        check_header(data, path.name)


def _read(path: Path) -> bytes:
    try:
        check_bytes(path.stat().st_size, path.name)
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"'{path.name}' may not be read ({error.strerror}); change its permissions.") from error


def _skips(skipped: tuple[tuple[Path, str], ...] | list[tuple[Path, str]], before: str = "", after: str = "") -> str:
    if not skipped:
        return ""
    names = ", ".join(path.name for path, _ in skipped[:5]) + (", ..." if len(skipped) > 5 else "")
    return f"{before}{_count(len(skipped), 'file', 'files')} skipped: {names}{after}"


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
