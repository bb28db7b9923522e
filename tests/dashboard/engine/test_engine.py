"""Jobs in real worker processes: what is kept, shared, cancelled, refused, and what happens when a worker dies."""

import logging
import os
import re
import signal
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
import torch

import explainers
import models
from dashboard.engine.engine import Engine
from dashboard.engine.jobs import BusyError
from explainers import Evidence, Request
from tests.dashboard.engine.conftest import GRACE, request, until


def ask(engine: Engine, wanted: Request, session: str = "ann", **how: Any) -> Any:
    engine.ask(wanted, session=session, **how)
    return engine.wait(wanted.key, 30)


def running(engine: Engine, wanted: Request) -> Any:
    return until(lambda: (state := engine.state(wanted.key)).status == "running" and state)


def test_an_answer_is_worked_out_once_and_then_kept(engine: Engine) -> None:
    wanted = request(seed=1, size=1000)
    assert engine.state(wanted.key).status == "absent"
    assert ask(engine, wanted).status == "done"
    kept = engine.kept(wanted.key)
    assert kept is not None
    assert np.array_equal(kept.result.numbers, np.random.default_rng(1).random(1000))
    assert kept.result.pid in engine.pids()
    assert kept.result.pid != os.getpid()
    assert engine.ask(request(seed=1, size=1000), session="bob").status == "kept"
    assert engine.recent(1)[0].key == wanted.key


def test_provenance_says_what_made_it(engine: Engine) -> None:
    wanted = request(seed=2)
    ask(engine, wanted)
    made = engine.kept(wanted.key).provenance
    assert made.weights_sha256 == models.card("efficientnet_lite0").digest
    assert made.params == {"seed": 2, "seconds": 0.0, "act": "work", "size": 10}
    assert (made.explainer, made.model, made.seed, made.device, made.threads) == ("slow", wanted.model, 2, "cpu", 1)
    assert made.versions["torch"] == torch.__version__.split("+")[0]
    assert made.when.endswith("+00:00")
    assert made.code == explainers.code_version()


def test_what_is_known_so_far_is_seen_until_the_end(engine: Engine) -> None:
    wanted = request(act="offer", seconds=2.0)
    engine.ask(wanted, session="ann")
    known = until(lambda: engine.state(wanted.key).partial)
    assert known.numbers.tolist() == [0.0, 1.0, 2.0]
    done = engine.wait(wanted.key, 30)
    assert done.status == "done"
    assert done.partial is None
    assert len(engine.kept(wanted.key).result.numbers) == 10


def test_fresh_works_it_out_again(engine: Engine) -> None:
    wanted = request(seed=3)
    ask(engine, wanted)
    before = engine.state(wanted.key)
    again = ask(engine, wanted, fresh=True)
    assert again.status == "done"
    assert again.created > before.ended


def test_evidence_reuses_the_kept_result_and_works_a_missing_one_out(engine: Engine) -> None:
    wanted = request(seed=4)
    assert ask(engine, wanted.evidence()).status == "done"
    made = engine.kept(wanted.key)
    assert made is not None
    evidence = engine.kept(wanted.evidence().key)
    assert isinstance(evidence.result, Evidence)
    assert evidence.result.scores[0].value == pytest.approx(made.result.numbers.mean())
    ask(engine, wanted.evidence(), fresh=True)
    assert engine.kept(wanted.key).provenance == made.provenance


def test_a_real_lens_answers_as_it_does_without_a_server(engine: Engine) -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (300, 200, 3), dtype=np.uint8)
    lens = explainers.find("gradcam")
    wanted = Request("gradcam", "efficientnet_lite0", explainers.params_of(lens, {"image": pixels, "target": 281}))
    assert ask(engine, wanted).status == "done"
    assert engine.photo(wanted.params.image.digest) == wanted.params.image
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        alone = explainers.explain("gradcam", models.load("efficientnet_lite0", "cpu"), image=pixels, target=281)
    finally:
        torch.set_num_threads(before)
    assert np.array_equal(engine.kept(wanted.key).result.cam, alone.cam)


def test_every_picture_of_a_request_travels_and_is_kept(engine: Engine) -> None:
    one, other = (np.random.default_rng(seed).integers(0, 255, (90, 80, 3), dtype=np.uint8) for seed in range(2))
    chosen = {"image": one, "question": "likeness", "like": other}
    wanted = Request("gradcam", "efficientnet_lite0", explainers.params_of(explainers.find("gradcam"), chosen))
    assert ask(engine, wanted).status == "done"
    assert engine.photo(wanted.params.like.digest) == wanted.params.like
    made = engine.kept(wanted.key)
    assert made.provenance.params["like"]["sha256"] == wanted.params.like.digest
    model = models.load("efficientnet_lite0", "cpu")
    vectors = []
    with torch.inference_mode():
        for picture in (one, other):
            features = model.network.forward_features(model.preprocess(picture)[None])
            vectors.append(features.mean((2, 3))[0])
    assert made.result.value == pytest.approx(float(torch.cosine_similarity(*vectors, dim=0)), abs=1e-4)


def test_progress_and_preview_arrive(engine: Engine) -> None:
    wanted = request(seed=5, seconds=20)
    engine.ask(wanted, session="ann")
    state = until(lambda: (told := engine.state(wanted.key)).preview is not None and told.fraction > 0 and told)
    assert state.note == "drawing"
    assert state.preview.shape == (200, 100)
    assert state.preview.dtype == np.float32
    engine.cancel(wanted.key, "ann")


def test_cancel_arrives_within_milliseconds(engine: Engine) -> None:
    wanted = request(seed=6, seconds=30)
    engine.ask(wanted, session="ann")
    until(lambda: engine.state(wanted.key).fraction > 0)
    started = time.perf_counter()
    engine.cancel(wanted.key, "ann")
    state = engine.wait(wanted.key, 5)
    assert state.status == "cancelled"
    assert time.perf_counter() - started < GRACE
    assert engine.kept(wanted.key) is None
    assert ask(engine, request(seed=60)).status == "done"


def test_two_sessions_share_a_job_until_both_leave(engine: Engine) -> None:
    wanted = request(seed=7, seconds=30)
    first = engine.ask(wanted, session="ann")
    second = engine.ask(request(seed=7, seconds=30), session="bob")
    assert second.created == first.created
    running(engine, wanted)
    assert engine.cancel(wanted.key, "ann").live
    time.sleep(0.1)
    assert engine.state(wanted.key).live
    engine.cancel(wanted.key, "bob")
    assert engine.wait(wanted.key, 5).status == "cancelled"


def test_asking_again_while_it_is_being_cancelled_starts_anew(engine: Engine) -> None:
    wanted = request(seed=8, seconds=0.3)
    engine.ask(wanted, session="ann")
    running(engine, wanted)
    engine.cancel(wanted.key, "ann")
    assert ask(engine, wanted).status == "done"


def test_a_waiting_job_leaves_the_queue_at_once(engine: Engine) -> None:
    first, second = request(seed=9, seconds=30), request(seed=10)
    engine.ask(first, session="ann")
    running(engine, first)
    engine.ask(second, session="ann")
    assert engine.state(second.key).status == "queued"
    assert engine.cancel(second.key, "ann").status == "cancelled"
    engine.cancel(first.key, "ann")
    engine.wait(first.key, 5)
    assert engine.state(second.key).status == "cancelled"


def test_sessions_take_turns(engine: Engine) -> None:
    block = request(seed=11, seconds=30)
    engine.ask(block, session="ann")
    running(engine, block)
    many = [request(seed=100 + index) for index in range(5)]
    for each in many:
        engine.ask(each, session="ann")
    one = request(seed=110)
    engine.ask(one, session="bob")
    assert engine.state(one.key).position == 1
    assert engine.state(many[1].key).position == 2
    engine.cancel(block.key, "ann")
    states = [engine.wait(each.key, 30) for each in (*many, one)]
    started = sorted(states, key=lambda state: state.started)
    assert [state.key for state in started[:3]] == [many[0].key, one.key, many[1].key]


def test_too_many_jobs_are_refused_in_one_sentence(engine: Engine) -> None:
    block = request(seed=12, seconds=30)
    engine.ask(block, session="ann")
    running(engine, block)
    waiting = [request(seed=200 + index) for index in range(8)]
    for each in waiting:
        engine.ask(each, session="ann")
    with pytest.raises(BusyError, match="8 jobs waiting; let some finish or cancel one"):
        engine.ask(request(seed=250), session="ann")
    others = [request(seed=300 + index) for index in range(4)]
    for each in others:
        engine.ask(each, session="bob")
    with pytest.raises(BusyError, match="12 jobs waiting; try again"):
        engine.ask(request(seed=350), session="cid")
    for each in (*waiting, *others, block):
        for session in ("ann", "bob"):
            engine.cancel(each.key, session)
    engine.wait(block.key, 5)
    assert not any(state.live for state in engine.jobs())


def test_long_work_never_holds_up_short_work(engine: Engine) -> None:
    long, short = request(seed=13, seconds=60), request(seed=14)
    engine.ask(long, session="ann", lane="batch")
    running(engine, long)
    assert ask(engine, short).status == "done"
    assert engine.state(long.key).live
    assert len(engine.pids()) == 2
    engine.cancel(long.key, "ann")
    assert engine.wait(long.key, 5).status == "cancelled"


@pytest.mark.parametrize(
    ("act", "sentence"),
    [
        ("refuse", r"^This lens fits no model; choose another lens\.$"),
        ("crash", r"^Something went wrong inside slow \(log id [0-9a-f]{6}\)\.$"),
        ("memory", r"^cpu has too little memory for this; close .* smaller model \(log id [0-9a-f]{6}\)\.$"),
    ],
)
def test_what_goes_wrong_is_one_sentence(
    engine: Engine, act: str, sentence: str, caplog: pytest.LogCaptureFixture
) -> None:
    worker = engine.pids()[0]
    with caplog.at_level(logging.ERROR):
        state = ask(engine, request(seed=15, act=act))
    assert state.status == "failed"
    assert re.search(sentence, state.error), state.error
    assert "secret" not in state.error
    assert bool(state.log) == (act != "refuse")
    if act == "crash":
        assert state.log in caplog.text
        assert "KeyError: 'a secret that no page may show'" in caplog.text
    assert engine.pids()[0] == worker


def test_a_killed_worker_is_noticed_and_the_next_job_runs(engine: Engine) -> None:
    wanted = request(seed=16, seconds=60)
    engine.ask(wanted, session="ann")
    until(lambda: engine.state(wanted.key).fraction > 0)  # one that dies before it began is replaced in silence
    victim = engine.pids()[0]
    started = time.perf_counter()
    os.kill(victim, signal.SIGKILL)
    state = engine.wait(wanted.key, 10)
    assert time.perf_counter() - started < 1
    assert state.status == "failed"
    assert state.error == (
        "The worker process ended unexpectedly (killed by signal 9, perhaps out of memory);"
        " the next run starts a fresh one."
    )
    assert ask(engine, request(seed=17)).status == "done"
    assert victim not in engine.pids()


def test_a_worker_that_died_idle_is_replaced(engine: Engine) -> None:
    victim = engine.pids()[0]
    os.kill(victim, signal.SIGKILL)
    assert ask(engine, request(seed=18)).status == "done"
    assert victim not in engine.pids()


def test_a_worker_that_does_not_stop_is_ended_after_its_grace(engine: Engine) -> None:
    wanted = request(seed=19, act="hang")
    engine.ask(wanted, session="ann")
    running(engine, wanted)
    time.sleep(0.2)
    victim, started = engine.pids()[0], time.perf_counter()
    engine.cancel(wanted.key, "ann")
    assert engine.wait(wanted.key, 10).status == "cancelled"
    assert GRACE <= time.perf_counter() - started < GRACE + 2
    assert ask(engine, request(seed=20)).status == "done"
    assert victim not in engine.pids()


def test_a_damaged_answer_is_as_good_as_none(engine: Engine, caplog: pytest.LogCaptureFixture) -> None:
    wanted = request(seed=21)
    ask(engine, wanted)
    data = engine.store._results.get(wanted.key)
    engine.store._results.set(wanted.key, data[:-1] + bytes([data[-1] ^ 1]))
    assert engine.kept(wanted.key) is None
    assert "was dropped" in caplog.text
    assert ask(engine, wanted).status == "done"
    assert engine.kept(wanted.key) is not None


def test_forget_drops_an_answer(engine: Engine) -> None:
    wanted = request(seed=22)
    ask(engine, wanted)
    engine.forget(wanted.key)
    assert engine.state(wanted.key).status == "absent"
    assert engine.kept(wanted.key) is None


def test_many_threads_ask_at_once(engine: Engine) -> None:
    def one(index: int) -> tuple[str, str, bool]:
        wanted = request(seed=400 + index % 6)
        engine.ask(wanted, session=f"s{index}")
        state = engine.wait(wanted.key, 30)
        return state.status if not state.ready else "", state.error, engine.kept(wanted.key) is not None

    with ThreadPoolExecutor(24) as pool:
        assert set(pool.map(one, range(48))) == {("", "", True)}


def test_the_way_there_and_back_takes_milliseconds(engine: Engine) -> None:
    took = []
    for index in range(20):
        wanted = request(seed=500 + index, size=50_000)
        started = time.perf_counter()
        engine.ask(wanted, session="ann")
        engine.wait(wanted.key, 30)
        assert engine.kept(wanted.key) is not None
        took.append(time.perf_counter() - started)
    assert statistics.median(took) < 0.1  # 4 ms on a machine with nothing else to do


def test_messages_are_never_pickled(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: Any, **_more: Any) -> Any:
        raise AssertionError("something was pickled")

    monkeypatch.setattr("pickle.loads", refuse)
    monkeypatch.setattr("pickle.dumps", refuse)
    monkeypatch.setattr("multiprocessing.reduction.ForkingPickler.dumps", refuse)
    monkeypatch.setattr("multiprocessing.connection._ForkingPickler.loads", refuse)
    wanted = request(seed=23, seconds=0.2)
    assert ask(engine, wanted).status == "done"
    assert engine.kept(wanted.key) is not None
