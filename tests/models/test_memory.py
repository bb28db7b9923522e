"""Freed memory stays until it is handed back, seen by a process of its own."""

import json
import os
import subprocess
import sys

import pytest

from models.training import memory

SCRIPT = f"""
import importlib.util, json, resource

spec = importlib.util.spec_from_file_location("memory", {memory.__file__!r})
memory = importlib.util.module_from_spec(spec)
spec.loader.exec_module(memory)

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(20):
        b"x" * 48_000_000
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

def held():
    return int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize() / 1e6

before = faults()
memory.keep_freed()
faults()
after, kept = faults(), held()
memory.give_back()
print(json.dumps([before, after, kept - held()]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc alone has these settings")
def test_pages_are_fetched_once_and_handed_back_when_asked() -> None:
    env = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")}
    done = subprocess.run([sys.executable, "-c", SCRIPT], env=env, capture_output=True, text=True, check=True)
    before, after, given = json.loads(done.stdout)
    assert before > 20 * 2_000
    assert after < before / 10
    assert given > 40  # of the 48 MB that were freed last
