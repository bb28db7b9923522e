"""Servers that end: what is kept survives, what ran is called interrupted, no process stays behind."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np

from dashboard.engine.engine import Engine
from dashboard.engine.lease import ServerLease
from explainers import find, params_of
from explainers.base import Request
from tests.dashboard.engine.conftest import request, settings, until
from tests.dashboard.engine.test_store import fill, small_disk  # noqa: F401 - a fixture

ROOT = Path(__file__).parents[3]

SERVER = """
import sys, time
from pathlib import Path
from dashboard.engine.engine import Engine
from tests.dashboard.engine.conftest import request, settings, until
engine = Engine(settings(Path(sys.argv[1])))
done, slow, waits = request(seed=1), request(seed=2, seconds=60), request(seed=3)
engine.ask(done, session="ann")
assert engine.wait(done.key, 60).status == "done"
engine.ask(slow, session="ann")
until(lambda: engine.state(slow.key).fraction > 0)
engine.ask(waits, session="ann")
print(*engine.pids(), flush=True)
time.sleep(60)
"""


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return Path(f"/proc/{pid}/stat").exists() and Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z"


def test_a_killed_server_loses_only_what_ran(tmp_path: Path) -> None:
    command = [sys.executable, "-c", SERVER, str(tmp_path / "cache")]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        worker = int(server.stdout.readline())
        engine = Engine(settings(tmp_path / "cache"))
        slow = request(seed=2, seconds=60)
        assert engine.state(slow.key).status in ("queued", "running")  # of another server that lives
        server.send_signal(signal.SIGKILL)
        server.wait()
    until(lambda: gone(worker), 10)
    for wanted in (slow, request(seed=3)):
        state = engine.state(wanted.key)
        assert state.status == "interrupted"
        assert state.error == "The server was restarted; press Run again: what was finished is kept."
        assert state.explainer == "slow"
    assert engine.state(request(seed=1).key).status == "kept"
    assert engine.kept(request(seed=1).key).result.pid == worker
    engine.ask(request(seed=3), session="ann")
    assert engine.wait(request(seed=3).key, 60).status == "done"
    engine.close()


def test_close_interrupts_and_leaves_no_process(tmp_path: Path) -> None:
    engine = Engine(settings(tmp_path / "cache"))
    wanted = request(seed=1, seconds=60)
    engine.ask(wanted, session="ann")
    until(lambda: engine.state(wanted.key).status == "running")
    pids = engine.pids()
    engine.close()
    engine.close()
    assert engine.wait(wanted.key, 0).status == "interrupted"
    assert all(gone(pid) for pid in pids)
    assert not list((tmp_path / "cache" / "servers").iterdir())


def test_an_owner_lives_as_long_as_its_lock(tmp_path: Path) -> None:
    one, other = ServerLease(tmp_path), ServerLease(tmp_path)
    assert one.alive(other.id)
    assert one.alive(one.id)
    other.close()
    assert not one.alive(other.id)
    assert not one.alive("../../etc/passwd")
    one.close()


def test_on_a_full_disk_the_answer_is_still_handed_over(small_disk: Path) -> None:  # noqa: F811
    engine = Engine(settings(small_disk / "cache"))
    until(engine.ready)
    fill(small_disk)
    wanted = request(seed=1, size=100_000)
    engine.ask(wanted, session="ann")
    state = engine.wait(wanted.key, 30)
    assert state.status == "done"
    assert state.warning.startswith("This result is not kept. The disk under the cache folder")
    assert engine.kept(wanted.key).result.numbers.shape == (100_000,)
    pixels = np.random.default_rng(0).integers(0, 255, (300, 300, 3), dtype=np.uint8)
    lens = Request("gradcam", "efficientnet_lite0", params_of(find("gradcam"), {"image": pixels}))
    engine.ask(lens, session="ann")
    assert engine.wait(lens.key, 30).status == "done"
    assert np.isfinite(engine.kept(lens.key).result.cam).all()
    engine.close()
