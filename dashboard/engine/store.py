"""What outlives a process: answers and photos by their content, and the states of jobs, apart from each other."""

import contextlib
import json
import logging
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import numpy as np

from dashboard.engine import answers
from dashboard.engine import framing as wire
from dashboard.engine.answers import Answer
from dashboard.engine.cache import PickleRefusedError, open_cache, private_folder, storage_errors
from dashboard.engine.jobs import StoredEntry
from explainers import Request, Result
from models import Photo
from models.errors import InputError, StorageError

R = TypeVar("R", bound=Result)
logger = logging.getLogger(__name__)

PHOTO_SHARE = 4
STATE_BYTES = 2**26
STATE_SECONDS = 24 * 3600
REMARKS = "remarks "  # before the digest of a model's weights, among the notes


class Store:
    """Answers, photos and job states in one folder; any number of processes and threads may use it at once.

    Answers and photos used longest ago go first when the folder is full; photos have a quarter of it for themselves.
    Job states go after a day; people's own words stay.

    Raises:
        StorageError: from every method, when the disk is full, may not be written or is damaged.
    """

    def __init__(self, folder: Path, size: int) -> None:
        self.folder, self._limit = private_folder(folder), size - size // PHOTO_SHARE
        self._results = open_cache(folder / "results", self._limit)
        self._photos = open_cache(folder / "photos", size // PHOTO_SHARE)
        self._states = open_cache(folder / "states", STATE_BYTES, "none")
        self._notes = open_cache(folder / "notes", STATE_BYTES, "none")

    def keep(self, kept: Answer[Result], data: bytes | None = None) -> None:
        """Keep an answer; ``data`` is what `answers.to_bytes` made of it, when that is at hand."""
        data = answers.to_bytes(kept) if data is None else data
        if len(data) > self._limit:
            raise StorageError(
                f"This result takes {len(data) / 1e6:.0f} MB, more than the cache holds; raise it with --cache-size."
            )
        source, part = kept.provenance, wire.split(data[: data.index(b"\n") + 1])[0]["part"]
        about = {
            "part": part,
            "explainer": source.explainer,
            "model": source.model,
            "params": source.params,
            "when": source.when,
            "seconds": source.seconds,
            "bytes": len(data),
            "label": kept.result.subject,
        }
        with storage_errors(self.folder):
            self._results.set(kept.key, data, tag=json.dumps(about))

    def has(self, key: str) -> bool:
        """Whether an answer is kept under this key."""
        with storage_errors(self.folder):
            return key in self._results

    def kept(self, key: str) -> Answer[Result] | None:
        """The answer under this key; a damaged one is logged, dropped, and as good as none."""
        try:
            data = self._read("results", key)
            return None if data is None else answers.from_bytes(key, data)
        except (InputError, PickleRefusedError) as error:
            logger.warning("the kept answer %s was dropped: %s", key, error)
            with contextlib.suppress(StorageError):
                self.forget(key)
            return None

    def answer(self, request: Request[R]) -> Answer[R] | None:
        """The answer to a request, as `kept`."""
        return answers.to(request, self.kept(request.key))

    def forget(self, key: str) -> None:
        """Drop an answer and the state of its job."""
        with storage_errors(self.folder):
            self._results.delete(key)
            self._states.delete(key)

    def recent(self, limit: int) -> list[StoredEntry]:
        """What is kept, newest first, from the index alone."""
        with self._index("results") as rows:
            entries = rows.execute("SELECT key, tag FROM Cache ORDER BY store_time DESC LIMIT ?", (limit,)).fetchall()
        cards = []
        for key, tag in entries:
            try:
                cards.append(StoredEntry(key=key, **json.loads(tag)))
            except (TypeError, ValueError):
                logger.warning("the index holds an entry %r that Seewhy did not write; it is not listed", key)
        return cards

    def keep_photo(self, photo: Photo) -> str:
        """Keep a photo under its digest. Pixels are kept as they are: PNG takes 40 times as long (950 ms at 16 MP)."""
        with storage_errors(self.folder):
            if photo.digest not in self._photos:
                self._photos.set(photo.digest, photo_to_bytes(photo))
        return photo.digest

    def photo(self, digest: str) -> Photo | None:
        """The photo under this digest; a damaged one is logged and as good as none."""
        try:
            data = self._read("photos", digest)
            if data is None:
                return None
            photo = photo_from_bytes(data)
            if photo.digest == digest:
                return photo
            raise ValueError("the pixels differ from the digest")
        except (ValueError, KeyError, PickleRefusedError) as error:
            logger.warning("the kept photo %s cannot be used: %s", digest, error)
            return None

    def put_state(self, key: str, text: str) -> None:
        """Write down the state of a job, for a day."""
        with storage_errors(self.folder):
            self._states.set(key, text, expire=STATE_SECONDS)

    def state(self, key: str) -> str | None:
        """The state that was written down, if any."""
        with storage_errors(self.folder):
            text = self._states.get(key)
        return text if isinstance(text, str) else None

    def drop_state(self, key: str) -> None:
        """Forget the state of a job."""
        with storage_errors(self.folder):
            self._states.delete(key)

    def put_note(self, key: str, text: str) -> None:
        """Keep a person's own words under a key, for good; no words take it back."""
        with storage_errors(self.folder):
            if text:
                self._notes.set(key, text)
            else:
                self._notes.delete(key)

    def note(self, key: str) -> str:
        """A person's own words under this key, or none."""
        with storage_errors(self.folder):
            text = self._notes.get(key)
        return text if isinstance(text, str) else ""

    def put_remarks(self, digest: str, remarks: tuple[str, ...]) -> None:
        """Keep what running a model showed, under the digest of its weights."""
        self.put_note(f"{REMARKS}{digest}", " ".join(remarks))

    def remarks(self, digest: str) -> str:
        """What running the model of these weights showed to be out of the ordinary; nothing until it has run."""
        return self.note(f"{REMARKS}{digest}")

    def close(self) -> None:
        """Close this thread's files."""
        for cache in (self._results, self._photos, self._states, self._notes):
            cache.close()

    def _read(self, room: str, key: str) -> bytes | None:
        """Bytes under a key; on a full disk, where the time of use cannot be noted, without noting it."""
        cache = self._results if room == "results" else self._photos
        try:
            with storage_errors(self.folder):
                value = cache.get(key)
        except PickleRefusedError:
            raise
        except StorageError:
            with self._index(room) as rows:
                query = "SELECT mode, filename, value FROM Cache WHERE key = ? AND raw = 1"
                row = rows.execute(query, (key,)).fetchone()
            value = cache.disk.fetch(*row, read=False) if row else None
        return value if isinstance(value, bytes) else None

    @contextlib.contextmanager
    def _index(self, room: str) -> Iterator[sqlite3.Connection]:
        with storage_errors(self.folder):
            path = self.folder / room / "cache.db"
            with contextlib.closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as rows:
                yield rows


def photo_to_bytes(photo: Photo) -> bytes:
    """A photo as a message: size, name and note, then the pixels as they are."""
    rows, columns, _ = photo.pixels.shape
    head = {"rows": rows, "columns": columns, "name": photo.name, "note": photo.note}
    return wire.join(head, photo.pixels.tobytes())


def photo_from_bytes(data: bytes) -> Photo:
    """What `photo_to_bytes` wrote.

    Raises:
        ValueError, KeyError: the bytes are damaged.
    """
    head, body = wire.split(data)
    pixels = np.frombuffer(body, np.uint8).reshape(head["rows"], head["columns"], 3)
    return Photo(pixels, head["name"], head.get("note", ""))
