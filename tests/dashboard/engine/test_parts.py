"""The small parts: settings, messages, and whose turn it is."""

from pathlib import Path

import numpy as np
import platformdirs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from platformdirs.macos import MacOS
from platformdirs.unix import Unix

from dashboard.engine import framing as wire
from dashboard.engine.jobs import FairQueue, Job, Outcome
from dashboard.engine.settings import Settings, default_cache, default_threads
from dashboard.engine.workers.messages import Ended, Hello, Message, Stop, Task, decode, encode
from models import InputError
from tests.dashboard.engine.conftest import request


def test_settings_come_from_the_environment_and_choices_win() -> None:
    environ = {
        "SEEWHY_CACHE": "/tmp/x",
        "SEEWHY_CACHE_SIZE": "5000",
        "SEEWHY_THREADS": "3",
        "SEEWHY_DEVICES": "cuda:0, cuda:1",
        "SEEWHY_PLUGINS": "a.b",
    }
    made = Settings.from_env(environ, threads=4, cache=None)
    assert (made.cache, made.cache_size, made.threads) == (Path("/tmp/x"), 5000, 4)
    assert (made.devices, made.plugins) == (("cuda:0", "cuda:1"), ("a.b",))
    assert made.resolved_devices() == ("cuda:0", "cuda:1")
    assert Settings.from_json(made.to_json()) == made


@pytest.mark.parametrize(
    ("environ", "sentence"),
    [
        ({"SEEWHY_THREADS": "many"}, "'many' is not a whole number"),
        ({"SEEWHY_THREADS": "0"}, "threads must be more than 0; got 0"),
        ({"SEEWHY_CACHE_SIZE": "-1"}, "cache size must be more than 0"),
        ({"SEEWHY_DEVICES": ","}, "at least one device"),
    ],
)
def test_wrong_settings_are_one_sentence(environ: dict[str, str], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        Settings.from_env(environ)


def test_defaults(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(platformdirs, "PlatformDirs", Unix)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_cache() == tmp_path / "seewhy"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert default_cache() == Path.home() / ".cache" / "seewhy"
    monkeypatch.setattr(platformdirs, "PlatformDirs", MacOS)
    assert default_cache() == Path.home() / "Library" / "Caches" / "seewhy"
    assert 1 <= default_threads() <= 8
    assert Settings(cache=tmp_path).cache_size == 2 * 2**30


def test_messages_come_back_as_they_went() -> None:
    head = {"kind": "progress", "note": "line\nbreak ✓", "fraction": 0.5}
    assert wire.split(wire.join(head, b"\n\x00body")) == (head, b"\n\x00body")
    for bad in (b"", b"no newline", b"[1]\n", b"{\n"):
        with pytest.raises(ValueError):  # noqa: PT011 - json, index and our own are all ValueErrors
            wire.split(bad)


@pytest.mark.parametrize(
    "message",
    [
        Hello(),
        Stop(run="r"),
        Task(run="r", request={"params": {"at": [1, None]}}, key="k", photos=(3, 4)),
        Ended(run="r", outcome=Outcome(status="failed", error="It is full.", log="ab12", trace="a\nb")),
    ],
)
def test_what_server_and_worker_say_keeps_its_type(message: Message) -> None:
    assert decode(encode(message, b"\nbody")) == (message, b"\nbody")


@pytest.mark.parametrize("shape", [(10,), (10, 10), (256, 256, 3), (257, 1000), (5000, 3000, 3)])
def test_previews_are_small(shape: tuple[int, ...]) -> None:
    preview = np.random.default_rng(0).random(shape).astype(np.float32)
    found = wire.unpack_preview(wire.pack_preview(preview))
    assert max(found.shape) <= 256
    if max(shape) <= 256:
        assert np.array_equal(found, preview)
    assert wire.unpack_preview(wire.pack_preview(None)) is None


@settings(deadline=None, max_examples=60)
@given(st.lists(st.sampled_from("abcd"), max_size=24))
def test_nobody_waits_longer_than_a_turn_of_each(sessions: list[str]) -> None:
    queue = FairQueue(1000, 1000)
    jobs = [Job(request(seed=index), "batch", session) for index, session in enumerate(sessions)]
    for job in jobs:
        queue.push(job)
    told = {job.run: queue.position(job) for job in jobs}
    order = []
    while job := queue.pop():
        order.append(job)
    assert len(order) == len(jobs)
    assert [told[job.run] for job in order] == list(range(len(order)))
    for session in set(sessions):
        own = [job for job in order if job.session == session]
        assert [job.request.params.seed for job in own] == [i for i, each in enumerate(sessions) if each == session]
        for turn, job in enumerate(own):
            assert order.index(job) < (turn + 1) * len(set(sessions))


def test_remove_takes_out_one_job_only() -> None:
    queue = FairQueue(10, 10)
    jobs = [Job(request(seed=index), "batch", "ann") for index in range(3)]
    for job in jobs:
        queue.push(job)
    queue.remove(jobs[1])
    queue.remove(jobs[1])
    assert [queue.pop(), queue.pop(), queue.pop()] == [jobs[0], jobs[2], None]
    queue.remove(jobs[0])
    assert len(queue) == 0
