"""Concepts named by a CLIP: restated slowly, held to a CLIP that knows colours, and shuffled."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image

import explainers
import models
from explainers import LocalRun
from explainers.concepts.named import candidates, closest, marks
from explainers.concepts.vocabulary import WORDS
from models import ModelHandle, clip
from models.errors import InputError, UnfitError
from tests.clips import wrapped_clip
from tests.explainers.concepts.worlds import block_picture, colours
from tests.explainers.nets import small_cnn

COLOURS = ("red", "green", "blue")
CHOSEN = {"cls": 0, "k": 3, "limit": 12, "pool": 24, "words": "red, green,blue,  red"}


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root, rng = tmp_path_factory.mktemp("blocks"), np.random.default_rng(1)
    for i in range(40):
        Image.fromarray(block_picture(rng, i % 3)).save(root / f"{i:02}.png")
    return root


class Mean(torch.nn.Module):
    """An image tower whose embedding is the mean colour in a space of twelve dimensions."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.pad(x.mean((2, 3)), (0, 9))


def knows_colours() -> ModelHandle:
    """A CLIP that reads three words and sees mean colours."""
    model = wrapped_clip()
    model.network.visual = Mean()
    axes = torch.eye(12)
    model.network.__dict__["reader"] = lambda said: torch.stack([axes[_axis(each)] for each in said])
    return model


def _axis(said: str) -> int:
    return next((i for i, word in enumerate(COLOURS) if word in said), 11)


def named(images: Path, **chosen: Any) -> Any:
    world = colours()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(models, "card", lambda name: {"colours": world.card}[name])
        run = LocalRun(knows_colours(), others={"colours": world})
        given = {"images": str(images), "k": 3, "of": "colours", **chosen}
        return explainers.explain("concept_named", knows_colours(), run=run, **given)


def test_numbers_are_those_of_a_slow_restatement() -> None:
    model = wrapped_clip()
    found: Any = explainers.explain("concept_named", model, **CHOSEN)
    bank: Any = explainers.explain("concepts", model, **{name: CHOSEN[name] for name in ("cls", "k", "limit", "pool")})
    with torch.no_grad():
        seen = [
            [F.normalize(model.network.visual(model.preprocess(crop)[None]), dim=1)[0] for crop in row]
            for row in bank.crops
        ]
    texts = [clip.sentence(model, f"a photo of {word}.") for word in COLOURS]
    mean = [torch.stack(row).mean(0) for row in seen]
    middle = torch.stack(mean).mean(0)
    for i, own in enumerate(mean):
        cosines = np.array([float(F.cosine_similarity(own - middle, text, dim=0)) for text in texts])
        order = np.argsort(-cosines)
        assert found.best[i] == tuple(COLOURS[at] for at in order)
        np.testing.assert_allclose(found.cosine[i], cosines[order], atol=1e-5)
        raw = [[float(each @ text) for text in texts] for each in seen[i]]
        np.testing.assert_allclose(found.table[i], raw, atol=1e-5)
    assert found.words == COLOURS
    assert found.names == bank.names
    np.testing.assert_array_equal(found.crops, bank.crops[:, :4])


def test_a_clip_that_knows_colours_names_them(images: Path) -> None:
    found = named(images, words="red, green, blue, a wheel")
    bank = explainers.explain("concepts", colours(), images=str(images), k=3)
    planted = np.array([(220, 30, 30), (30, 220, 30), (30, 30, 220)], np.float32)
    wanted = [COLOURS[int(np.argmax(planted @ atom))] for atom in bank.dictionary]
    assert [best[0] for best in found.best] == wanted
    assert "tiny clip would call concept" in found.sentence
    assert found.of_title == "colours"


def test_evidence_knows_crops_dealt_out_by_lot(images: Path) -> None:
    found, lens = named(images, words="red, green, blue"), explainers.find("concept_named")
    fit, apart = lens.evidence(colours(), None, found, LocalRun(colours())).scores
    assert fit.value > fit.interval[1]
    assert apart.value > max(0.9, apart.interval[1])
    assert apart.baselines["crops dealt out by lot"] == pytest.approx(1 / 3, abs=0.12)
    dealt = np.random.default_rng(2).permutation(found.table.reshape(-1, 3)).reshape(found.table.shape)
    fit, _ = lens.evidence(colours(), None, replace(found, table=dealt), LocalRun(colours())).scores
    assert fit.interval[0] < fit.value < fit.interval[1]


def test_marks_are_those_of_loops() -> None:
    table = np.random.default_rng(4).random((4, 5, 6))
    fits, rights = [], []
    for first in (0, 1):
        chosen, held = [0, 2, 4] if first == 0 else [1, 3], [1, 3] if first == 0 else [0, 2, 4]
        mean = np.array([[table[i, chosen, w].mean() for w in range(6)] for i in range(4)])
        word = [int(np.argmax(mean[i] - mean.mean(0))) for i in range(4)]
        said = np.array([[[table[i, c, word[j]] for j in range(4)] for c in held] for i in range(4)])
        fits.append(
            np.mean(
                [said[i, :, i].mean() - np.mean([said[o, :, i].mean() for o in range(4) if o != i]) for i in range(4)]
            )
        )
        shared = said.mean((0, 1))
        firsts = [
            [np.flatnonzero(said[i, c] - shared == (said[i, c] - shared).max()) for c in range(len(held))]
            for i in range(4)
        ]
        rights.append(np.mean([(i in each) / len(each) for i, row in enumerate(firsts) for each in row]))
    assert marks(table) == pytest.approx((np.mean(fits), np.mean(rights)))


def test_what_all_share_names_none_and_one_alone_is_named() -> None:
    texts = np.eye(4)[:3]
    seen = np.full((2, 3, 4), 0.1)
    seen[..., 0] = 0.9
    seen[0, :, 1], seen[1, :, 2] = 0.4, 0.4
    cosine, order, alike = closest(seen, texts)
    assert order[:, 0].tolist() == [1, 2], "the first text fits all best, and is what they share"
    assert not alike
    assert (np.abs(cosine) <= 1).all()
    assert closest(seen[:1], texts)[1][0, 0] == 0
    cosine, _, alike = closest(np.repeat(seen[:1], 2, 0), texts)
    assert alike
    assert not cosine.any()


def test_one_concept_has_names_and_no_evidence() -> None:
    model = wrapped_clip()
    found: Any = explainers.explain("concept_named", model, **{**CHOSEN, "k": 1})
    assert len(found.best) == 1
    scores = explainers.find("concept_named").evidence(model, None, found, LocalRun(model)).scores
    assert all(np.isnan(score.value) and "two concepts" in score.reading for score in scores)


def test_names_to_choose_from() -> None:
    assert candidates((" a  collar", "hem", " ", "a collar"), ("cat, tabby",)) == ("a collar", "hem")
    plain = candidates(None, ("cat, tabby", "class 7", "red"))
    assert plain[: len(WORDS)] == WORDS
    assert plain[len(WORDS) :] == ("cat",), "numbers are no names, and none comes twice"
    assert candidates(("[a](b) <i>*x*_y",), ()) == ("a b i x y",)
    with pytest.raises(InputError, match="2001 names are too many"):
        candidates(tuple(map(str, range(2001))), ())


def test_plain_words_are_short_and_each_comes_once() -> None:
    assert 200 <= len(WORDS) == len(set(WORDS)) <= 300
    assert all(len(word.split()) <= 4 for word in WORDS)


def test_what_cannot_be_is_said() -> None:
    with pytest.raises(UnfitError, match="small cnn reads no words, so it can name no concepts; choose a CLIP"):
        explainers.explain("concept_named", small_cnn(), **CHOSEN)
    with pytest.raises(InputError, match="There is no model 'nothing'"):
        explainers.explain("concept_named", wrapped_clip(), **{**CHOSEN, "of": "nothing"})
    with pytest.raises(InputError, match="has no class 9"):
        explainers.explain("concept_named", wrapped_clip(), **{**CHOSEN, "cls": 9})


def test_the_address_knows_the_weights_that_the_concepts_are_of(monkeypatch: pytest.MonkeyPatch) -> None:
    kind = explainers.find("concept_named").params
    before = kind(of="menagerie_cnn").stamp()
    assert kind(of="menagerie_vit").stamp() != before
    assert kind(of="nothing").stamp() == kind().stamp()
