"""Training: the same seed gives the same weights, also with a break in between; bad input is refused."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from models.errors import InputError, SeewhyError, StorageError
from models.menagerie import nets, train
from models.menagerie.train import Lesson, Recipe

TINY = Recipe(steps=4, rate=1e-3, pictures=12, batch=4, exam=4, device="cpu")


class StoppedError(Exception):
    """A person pressed stop."""


@pytest.fixture(autouse=True)
def _often_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(train, "KEEP_EVERY", 2)


@pytest.mark.parametrize("name", ["menagerie_cnn", "menagerie_vit"])
def test_a_stopped_training_ends_where_an_unbroken_one_does(name: str, tmp_path: Path):
    chosen, heard = nets.spec(name), []
    facts = Lesson(chosen, TINY, 7, tmp_path / "whole.safetensors").run(lambda f, n: heard.append(f))

    def stop(fraction: float, note: str) -> None:
        if note.startswith("step 2"):
            raise StoppedError

    with pytest.raises(StoppedError):
        Lesson(chosen, TINY, 7, tmp_path / "broken.safetensors").run(stop)
    assert (tmp_path / "broken.checkpoint.safetensors").is_file()
    again = Lesson(chosen, TINY, 7, tmp_path / "broken.safetensors")
    again.recall()
    assert again.step == 2
    again.run()
    whole, broken = load_file(tmp_path / "whole.safetensors"), load_file(tmp_path / "broken.safetensors")
    assert all(torch.equal(whole[key], broken[key]) for key in whole)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["broken.safetensors", "whole.safetensors"]
    assert heard == sorted(heard)
    assert heard[-1] == 1.0
    assert {"seed", "accuracy", "command", "versions"} <= set(facts)


def test_another_seed_gives_other_weights_and_torch_is_left_as_found():
    threads, state = torch.get_num_threads(), torch.get_rng_state()
    lessons = [Lesson(nets.spec("menagerie_cnn"), TINY, seed, Path("x.safetensors")) for seed in (0, 0, 1)]
    first, same, other = (lesson.network.get_parameter("fc.weight") for lesson in lessons)
    assert torch.equal(first, same)
    assert not torch.equal(first, other)
    assert torch.equal(state, torch.get_rng_state())
    assert threads == torch.get_num_threads()


def test_training_learns(tmp_path: Path):
    notes: list[str] = []
    plan = replace(TINY, steps=24, pictures=8, batch=8, rate=3e-3)
    Lesson(nets.spec("menagerie_cnn"), plan, 0, tmp_path / "a.safetensors").run(lambda f, n: notes.append(n))
    losses = [float(note.rsplit(" ", 1)[1]) for note in notes if note.startswith("step")]
    assert losses[-1] < 0.5 * losses[0]


def test_the_checkpoint_of_another_training_is_not_used(tmp_path: Path):
    out = tmp_path / "a.safetensors"
    Lesson(nets.spec("menagerie_cnn"), TINY, 0, out).keep()
    with pytest.raises(InputError, match="another training"):
        Lesson(nets.spec("menagerie_cnn"), TINY, 1, out).run()


def test_a_broken_checkpoint_is_said_plainly(tmp_path: Path):
    lesson = Lesson(nets.spec("menagerie_cnn"), TINY, 0, tmp_path / "a.safetensors")
    lesson.checkpoint.path.write_bytes(b"half a file")
    with pytest.raises(InputError, match="delete it"):
        lesson.recall()


def test_bad_names_and_files_are_refused(tmp_path: Path):
    with pytest.raises(SeewhyError, match="no network 'lion'"):
        train.train("lion", out=tmp_path / "a.safetensors")
    with pytest.raises(SeewhyError, match="safetensors"):
        train.train("menagerie_cnn", out=tmp_path / "a.pt")
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError, match="cannot be written"):
        Lesson(nets.spec("menagerie_cnn"), TINY, 0, tmp_path / "file" / "a.safetensors").keep()


def test_the_rate_warms_up_and_fades():
    rates = [train.rate(Recipe(steps=100, rate=1.0), step) for step in range(100)]
    assert max(rates) == 1.0
    assert rates[0] < 0.2
    assert rates[-1] < 0.01
    cut = Recipe(steps=60, rate=1.0, horizon=100, cooldown=20)
    short = [train.rate(cut, step) for step in range(60)]
    assert short[:40] == rates[:40]
    assert short[-1] < 0.05
