"""The registry, requests and `explain`."""

import numpy as np
import pytest
import torch

import explainers
import models
from explainers import LocalRun, Request, answer, find, params_of
from models.errors import InputError
from tests.explainers.nets import photo, small_cnn


def test_names_that_are_not_there_are_refused_with_those_that_are() -> None:
    with pytest.raises(InputError, match=r"no explainer 'gradcan'; there are: .*gradcam.*Did you mean gradcam\?"):
        find("gradcan")
    with pytest.raises(InputError, match=r"has no parameter 'colour'; it has: .*target"):
        explainers.explain("gradcam", small_cnn(), image=photo(), colour="red")
    with pytest.raises(InputError, match="explains a picture: give one"):
        explainers.explain("gradcam", small_cnn(), target=1)


def test_the_registry_is_sorted_and_calls_like_the_function() -> None:
    known = explainers.registry()
    assert list(known) == sorted(known)
    assert "gradcam" in known
    lens, model = known["gradcam"], small_cnn()
    params = params_of(lens, {"image": photo()})
    by_call = lens(model, params, LocalRun(model))
    np.testing.assert_array_equal(by_call.cam, explainers.explain("gradcam", model, image=photo()).cam)


def test_evidence_is_answered_through_the_kept_result() -> None:
    model = small_cnn()
    request = Request("gradcam", models.DEFAULT, params_of(find("gradcam"), {"image": photo()}))
    reused: list[Request] = []

    class Watching(LocalRun):
        def reuse(self, request: Request):
            reused.append(request)
            return super().reuse(request)

    evidence = answer(model, request.evidence(), Watching(model, others={models.DEFAULT: model}))
    assert isinstance(evidence, explainers.Evidence)
    assert [each.part for each in reused] == ["result"]
    assert reused[0].key == request.key


def test_the_key_follows_weights_and_not_the_pictures_name(tmp_path) -> None:
    lens = find("gradcam")
    first = Request("gradcam", models.DEFAULT, params_of(lens, {"image": photo()}))
    renamed = models.Photo(photo().pixels, "another name")
    assert Request("gradcam", models.DEFAULT, params_of(lens, {"image": renamed})).key == first.key
    assert len(first.key) == 64


def test_code_version_is_a_digest_that_stays() -> None:
    assert explainers.code_version() == explainers.code_version()
    assert len(explainers.code_version()) == 64


def test_alone_answers_for_another_model_and_gives_it_a_stretch_of_the_progress(monkeypatch) -> None:
    own, other, told = small_cnn(), small_cnn(), []
    monkeypatch.setattr(models, "load", lambda name, device: {"other": other}[name])
    run, params = (
        LocalRun(own, 0, lambda share, _note: told.append(share)),
        params_of(find("gradcam"), {"image": photo()}),
    )
    with torch.no_grad():
        other.network.head.weight.mul_(2)
    found = [run.part(0.25, 0.75).reuse(Request("gradcam", name, params)) for name in (own.card.name, "other")]
    np.testing.assert_allclose(found[1].cam, 2 * found[0].cam, rtol=1e-4)
    assert min(told) >= 0.25
    assert max(told) <= 0.75
