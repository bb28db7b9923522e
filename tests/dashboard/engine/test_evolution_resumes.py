"""A run of evolution whose worker is killed half-way goes on where it was, and ends as if nothing had happened."""

import itertools
import os
import signal
import statistics
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np

import explainers
import models
from dashboard.engine.engine import Engine
from explainers.fooling.archive import stretch_params
from explainers.fooling.chunk import fooling_stretch, length
from explainers.fooling.evolve import fooling
from tests.dashboard.engine.conftest import settings, until

NET, LOST = "menagerie_cnn", 5.0  # seconds of evolution that a kill may cost
CHOSEN = {"evaluations": 1500, "size": 96}


def stretches() -> list[str]:
    """Keys of the run's stretches."""
    last = stretch_params(models.load(NET, "cpu"), fooling.choose(**CHOSEN))
    ends = [*range(length(last), last.generations, length(last)), last.generations]
    return [fooling_stretch.request(NET, replace(last, generations=end)).key for end in ends]


def test_a_killed_worker_costs_the_stretch_that_ran_and_no_more(tmp_path: Path) -> None:
    keys, wanted = stretches(), fooling.request(NET, fooling.choose(**CHOSEN))
    assert len(keys) >= 3
    engine = Engine(settings(tmp_path / "cache"))
    engine.ask(wanted, session="ann")
    until(lambda: engine.state(wanted.key).fraction > 0.55, 120)  # the first is kept, the second runs
    os.kill(engine.pids()[0], signal.SIGKILL)
    assert engine.wait(wanted.key, 30).status == "failed"
    before = {key: kept.provenance.when for key in keys if (kept := engine.kept(key))}
    assert 1 <= len(before) < len(keys)
    engine.ask(wanted, session="bob")
    assert engine.wait(wanted.key, 120).status == "done"
    after = {key: engine.kept(key).provenance.when for key in keys}
    assert {key: after[key] for key in before} == before, "what was kept was not evolved again"
    times = [datetime.fromisoformat(after[key]) for key in keys if key not in before]
    gaps = [(late - early).total_seconds() for early, late in itertools.pairwise(times)]
    assert not gaps or statistics.median(gaps) <= LOST
    result = engine.kept(wanted.key).result
    engine.close()
    whole = explainers.explain("fooling", models.load(NET, "cpu"), **CHOSEN)
    for name in ("confidence", "images", "history", "updates", "switches", "parent"):
        assert np.array_equal(getattr(result, name), getattr(whole, name)), name
