"""What is kept: found again, bounded, listed, and never unpickled."""

import json
import pickle
import shutil
import sqlite3
import stat
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from dashboard.engine.answers import Answer, Provenance
from dashboard.engine.cache import PickleRefusedError, PlainDisk
from dashboard.engine.store import Store
from models import Photo, StorageError
from tests.dashboard.engine import slow_lens  # noqa: F401 - registers itself
from tests.dashboard.engine.slow_lens import Slow

MIB = 2**20


def answer(key: str, size: int = 10, seconds: float = 0.5) -> Answer:
    made = Provenance(
        explainer="slow",
        model="efficientnet_lite0",
        weights_sha256="ab",
        params={"seed": 1},
        seed=1,
        versions={},
        device="cpu",
        threads=1,
        seconds=seconds,
        when="2026-01-02T03:04:05+00:00",
        code="cd",
    )
    return Answer(key, Slow(numbers=np.arange(size, dtype=np.float64), pid=7), made)


def photo(value: int = 0, side: int = 64) -> Photo:
    return Photo(np.full((side, side, 3), value, np.uint8), f"photo {value}")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(tmp_path / "cache", 64 * MIB)
    yield made
    made.close()


def rows(store: Store, room: str = "results") -> sqlite3.Connection:
    return sqlite3.connect(store.folder / room / "cache.db")


def test_an_answer_comes_back_as_it_went(store: Store) -> None:
    kept = answer("k", 100_000)
    store.keep(kept)
    found = Store(store.folder, 64 * MIB).kept("k")
    assert found.provenance == kept.provenance
    assert np.array_equal(found.result.numbers, kept.result.numbers)
    assert found.result.pid == 7
    assert store.has("k")
    store.forget("k")
    assert store.kept("k") is None
    assert not store.has("k")


def test_folders_are_for_their_owner_only(store: Store) -> None:
    for folder in (store.folder, *(store.folder / room for room in ("results", "photos", "states"))):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_photo_comes_back_as_it_went(store: Store) -> None:
    kept = Photo(np.random.default_rng(0).integers(0, 255, (31, 47, 3), dtype=np.uint8), "chelsea ✓")
    assert store.keep_photo(kept) == kept.digest
    found = store.photo(kept.digest)
    assert found == kept
    assert found.name == "chelsea ✓"
    assert store.photo("0" * 64) is None


@pytest.mark.parametrize("data", [b"", b"no json\n", b'{"rows":1,"columns":1,"name":"x"}\nabc', b"[]\n", b"{}\n"])
def test_a_damaged_photo_is_as_good_as_none(store: Store, data: bytes) -> None:
    store._photos.set(photo().digest, data)
    assert store.photo(photo().digest) is None


@pytest.mark.parametrize("data", [b"", b"\n", b"{}\n", b"[1]\n", b'{"sha256": 3}\n', b"\x80\x04N.", b"PK\x03\x04"])
def test_a_damaged_answer_is_dropped(store: Store, data: bytes) -> None:
    store._results.set("k", data)
    assert store.kept("k") is None
    assert not store.has("k")


class Bomb:
    """Sets a mark when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.mark,)


def test_the_bomb_works(tmp_path: Path) -> None:
    pickle.loads(pickle.dumps(Bomb(tmp_path / "mark")))
    assert (tmp_path / "mark").exists()


@pytest.mark.parametrize("place", ["value", "file"])
def test_a_planted_pickle_is_refused(store: Store, tmp_path: Path, place: str) -> None:
    store.keep(answer("k"))
    bomb = pickle.dumps(Bomb(tmp_path / "mark"))
    (store.folder / "results" / "bomb.val").write_bytes(bomb)
    with rows(store) as index:
        planted = ("bomb.val", None) if place == "file" else (None, bomb)
        index.execute("UPDATE Cache SET mode = 4, filename = ?, value = ?", planted)
    with pytest.raises(PickleRefusedError):
        store._results.get("k")
    assert store.kept("k") is None
    assert not (tmp_path / "mark").exists()


def test_a_planted_pickled_key_is_refused(store: Store, tmp_path: Path) -> None:
    store.keep(answer("k"))
    bomb = pickle.dumps(Bomb(tmp_path / "mark"))
    with rows(store) as index:
        index.execute("UPDATE Cache SET key = ?, raw = 0", (bomb,))
    with pytest.raises(PickleRefusedError):
        list(store._results)
    assert store.kept("k") is None
    store.recent(10)
    assert not (tmp_path / "mark").exists()


def test_a_planted_path_outside_is_refused(store: Store, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    store.keep(answer("k"))
    with rows(store) as index:
        index.execute("UPDATE Cache SET mode = 2, value = NULL, filename = '../../secret'")
    with pytest.raises(PickleRefusedError):
        store._results.get("k")


@pytest.mark.parametrize("value", [None, (1, 2), {"a": 1}, object(), np.zeros(3)])
def test_only_plain_values_go_in(store: Store, value: object) -> None:
    with pytest.raises(TypeError, match="bytes, text and numbers"):
        store._results.set("k", value)
    with pytest.raises(TypeError, match="keys of the cache are text"):
        store._results.set(value, b"x")


def test_no_pickle_is_called_in_our_disk() -> None:
    names = {"put", "get", "store", "fetch"}
    assert names <= set(vars(PlainDisk))
    for name in names:
        assert "pickle" not in getattr(PlainDisk, name).__code__.co_names


def test_what_was_used_longest_ago_goes_first(tmp_path: Path) -> None:
    store = Store(tmp_path / "cache", 8 * MIB)
    for index in range(12):
        store.keep(answer(f"k{index}", MIB // 16))  # half a MiB each
        store.kept("k0")
        time.sleep(0.002)
    for index in range(12, 40):
        store.keep(answer(f"k{index}", MIB // 16))
        assert store.kept("k0") is not None
    assert store.kept("k1") is None
    assert store.kept("k39") is not None
    assert store._results.volume() <= 6 * MIB + MIB
    assert {card.key for card in store.recent(100)} == set(store._results)
    store.close()


def test_an_answer_bigger_than_the_cache_is_refused_in_a_sentence(tmp_path: Path) -> None:
    store = Store(tmp_path / "cache", 2 * MIB)
    store.keep(answer("small"))
    with pytest.raises(StorageError, match="more than the cache holds; raise it with --cache-size"):
        store.keep(answer("big", MIB))
    assert store.has("small")
    store.close()


def test_a_thousand_answers_are_listed_at_once(store: Store) -> None:
    about = json.dumps(
        {
            "part": "result",
            "explainer": "slow",
            "model": "m",
            "params": {"seed": 1},
            "when": "w",
            "seconds": 1.0,
            "bytes": 20_000,
        }
    )
    with store._results.transact():
        for index in range(1000):
            store._results.set(f"k{index}", bytes(20_000), tag=about)
    started = time.perf_counter()
    cards = store.recent(1000)
    assert time.perf_counter() - started < 0.05
    assert [card.key for card in cards] == [f"k{index}" for index in reversed(range(1000))]
    assert cards[0].params == {"seed": 1}


def test_states_stand_apart_from_answers(store: Store) -> None:
    store.put_state("k", "text")
    assert store.state("k") == "text"
    assert not store.has("k")
    store.drop_state("k")
    assert store.state("k") is None


def test_a_file_in_place_of_the_folder_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("I am a file")
    with pytest.raises(StorageError, match=r"cache' is not a folder; choose another with --cache\.$"):
        Store(tmp_path / "cache", MIB)
    with pytest.raises(StorageError, match="is not a folder"):
        Store(tmp_path / "cache" / "below", MIB)


def test_a_damaged_index_is_one_sentence(tmp_path: Path) -> None:
    Store(tmp_path / "cache", 8 * MIB).close()
    for beside in (tmp_path / "cache" / "results").glob("cache.db-*"):
        beside.unlink()
    (tmp_path / "cache" / "results" / "cache.db").write_bytes(b"nothing of the sort" * 1000)
    with pytest.raises(StorageError, match="is damaged; delete the folder"):
        Store(tmp_path / "cache", 8 * MIB)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real disk of 4 MiB; only root can have one."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = shutil.which("mount")
    command = [mount or "mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(place)]
    if not mount or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("FULL DISK NOT TESTED: mounting a small disk takes root")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def fill(place: Path) -> None:
    with (place / "filler").open("wb", buffering=0) as file:
        for size in (65536, 4096, 1):
            while True:
                try:
                    file.write(bytes(size))
                except OSError:
                    break


def test_a_full_disk_is_one_sentence_and_loses_nothing(small_disk: Path) -> None:
    store = Store(small_disk / "cache", 64 * MIB)
    store.keep(answer("before"))
    store.keep_photo(photo(1))
    fill(small_disk)
    sentence = r"^The disk under the cache folder '.*' is full; free some space, or choose another with --cache\.$"
    with pytest.raises(StorageError, match=sentence):
        store.keep(answer("k", 100_000))
    with pytest.raises(StorageError, match=sentence):
        store.keep_photo(photo(2, 256))
    assert store.kept("before") is not None
    assert store.photo(photo(1).digest) is not None
    assert [card.key for card in store.recent(10)] == ["before"]
    assert not [path for path in (small_disk / "cache").rglob("*.val") if path.stat().st_size == 0]
    (small_disk / "filler").unlink()
    store.keep(answer("k", 100_000))
    assert store.kept("k") is not None
    store.close()
