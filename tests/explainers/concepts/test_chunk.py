"""A bank that was stopped goes on where it was, and ends the same to the last bit."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import explainers
from explainers import Cancelled, LocalRun, Request, codec, params_of
from explainers.concepts.bank.chunk import CHUNK, ChunkParams
from explainers.concepts.bank.collect import collect
from explainers.kit.tail import activations_at, pick
from models import ModelHandle
from models.errors import UnfitError
from models.imagesets import imageset
from tests.explainers.concepts.worlds import block_picture, colours

DAMAGED = f"{CHUNK + 5:03}.png"


class Keeping(LocalRun):
    """Keeps chunks as the server does, by what they ask for; stops when told."""

    def __init__(self, model: ModelHandle, kept: dict[Any, bytes], stop_at: float = 2.0) -> None:
        super().__init__(model, 0, self._watch)
        self._kept, self._stop_at = kept, stop_at
        self.told: list[float] = []

    def _watch(self, share: float, _note: str) -> None:
        self.told.append(share)
        if share >= self._stop_at:
            raise Cancelled

    def reuse(self, request: Request) -> Any:
        if request.params not in self._kept:
            self._kept[request.params] = codec.pack(super().reuse(request))
        return codec.unpack(self._kept[request.params], explainers.find(request.explainer).result)


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three chunks of pictures; one file in the second is damaged."""
    root, rng = tmp_path_factory.mktemp("blocks"), np.random.default_rng(1)
    for i in range(3 * CHUNK - 10):
        Image.fromarray(block_picture(rng, i % 3)).save(root / f"{i:03}.png")
    broken = root / DAMAGED
    broken.write_bytes(broken.read_bytes()[:60])  # begins as a picture does
    return root


def counted(model: ModelHandle) -> list[int]:
    """How many pictures each forward of the network was given."""
    seen: list[int] = []
    model.network.register_forward_hook(lambda _module, inputs, _output: seen.append(len(inputs[0])))
    return seen


def learn(images: Path, model: ModelHandle, run: Any, **chosen: Any) -> Any:
    return explainers.explain("concepts", model, run=run, **{"images": str(images), "cls": 0, "k": 3, **chosen})


def test_a_stopped_bank_goes_on_and_ends_the_same(images: Path) -> None:
    whole, first, second = colours(), colours(), colours()
    whole_seen, first_seen, second_seen = counted(whole), counted(first), counted(second)
    wanted = learn(images, whole, LocalRun(whole))
    kept: dict[Any, bytes] = {}
    with pytest.raises(Cancelled):
        learn(images, first, Keeping(first, kept, stop_at=0.5))
    assert 1 <= len(kept) < 3
    again = learn(images, second, Keeping(second, kept))
    assert codec.pack(again) == codec.pack(wanted)
    assert sum(second_seen) < sum(whole_seen) - CHUNK / 2
    assert sum(first_seen) > CHUNK / 2


def test_another_number_of_concepts_looks_at_no_picture_again(images: Path) -> None:
    model, kept = colours(), {}
    learn(images, model, Keeping(model, kept))
    many = len(kept)
    learn(images, model, Keeping(model, kept), k=2)
    assert len(kept) == many == 3
    seen = counted(model)
    learn(images, model, Keeping(model, kept), k=2)
    assert CHUNK not in seen
    assert sum(seen) < CHUNK, "the head is read again, the pictures are not"


def test_chunks_together_are_what_one_pass_finds(images: Path) -> None:
    model = colours()
    params = params_of(explainers.find("concepts"), {"images": str(images), "cls": 0, "k": 3, "limit": 70})
    members = collect(model, params, pick(model, None), LocalRun(model))
    pictures = [path for path in sorted(images.rglob("*.png")) if path.name != DAMAGED]
    logits = np.stack([model.network(model.preprocess(path)[None]).detach().numpy()[0] for path in pictures])
    mine = np.flatnonzero(logits.argmax(1) == 0)[:70]
    assert [picture.name for picture in members.pictures] == [pictures[i].name for i in mine]
    np.testing.assert_allclose(members.logits, logits[mine], atol=1e-5)
    assert members.looked < len(pictures)
    assert [name for name, _ in members.skipped] == [DAMAGED]
    assert members.available == 3 * CHUNK - 10


def test_progress_never_goes_back(images: Path) -> None:
    for limit in (20, 70, 300):
        model = colours()
        run = Keeping(model, {})
        learn(images, model, run, limit=limit)
        assert run.told == sorted(run.told)


def test_a_chunk_begins_where_it_is_told_and_another_pool_is_another_set(images: Path) -> None:
    model = colours()
    lens = explainers.find("concept_chunk")
    asked = {"images": str(images), "cls": 0, "layer": "blocks", "start": CHUNK}
    chunk = lens(model, ChunkParams(**asked), LocalRun(model))
    other = lens(model, ChunkParams(**asked, pool=40), LocalRun(model))
    assert other.names == (), "another pool is another set"
    assert codec.unpack(codec.pack(other), type(other)).pictures == ()
    assert len(chunk.answers) == CHUNK - 1
    assert [name for name, _ in chunk.skipped] == [DAMAGED]


def test_a_bank_lists_its_folder_once_and_a_changed_folder_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng, listings = np.random.default_rng(3), []
    for i in range(CHUNK + 5):
        Image.fromarray(block_picture(rng, i % 2)).save(tmp_path / f"{i:03}.png")
    listing = imageset.image_folder
    monkeypatch.setattr(imageset, "image_folder", lambda *a, **k: listings.append(a) or listing(*a, **k))
    bank = learn(tmp_path, colours(), None)
    assert len(listings) == 1, "two chunks and the bank share one listing"
    Image.fromarray(block_picture(rng, 0)).save(tmp_path / "new.png")
    assert learn(tmp_path, colours(), None).available == bank.available + 1


def test_a_layer_that_is_not_run_is_refused_in_one_sentence(images: Path) -> None:
    model = colours()
    model.network.blocks.register_module("spare", torch.nn.AvgPool2d(8))
    model.network.blocks.forward = lambda x: model.network.blocks[1](model.network.blocks[0](x))
    layer = replace(model.layer("blocks"), name="blocks.spare")
    with pytest.raises(UnfitError, match=r"does not run layer 'blocks.spare'; choose another layer"):
        activations_at(model, layer, block_picture(np.random.default_rng(0), 0)[None])
    assert activations_at(model, model.layer("blocks"), block_picture(np.random.default_rng(0), 0)[None]).maps.any()


def test_a_chunk_is_found_but_not_offered() -> None:
    assert "concept_chunk" not in explainers.registry()
    lens = explainers.find("concept_chunk")
    assert lens.inner
    assert lens.title == "Pictures of a class"
