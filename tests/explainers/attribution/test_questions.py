"""Questions that are not for a class: each against itself written slowly, its words, and its evidence."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

import explainers
import models
from explainers import LocalRun, Request, find, params_of
from explainers.attribution.evidence.subject import MapUnderTest, MeasuredTarget
from explainers.attribution.methods.table import CAMS
from explainers.attribution.questions import embedded_at
from explainers.attribution.sentences import asked_sentence, plain
from explainers.kit.hooks import Site
from explainers.kit.targets import of_neuron
from models import clip
from models.errors import InputError, UnfitError
from tests.clips import tiny_clip
from tests.explainers.nets import fingerprint, inputs, marked, photo, small_cnn, small_vit

QUESTIONS = {"neuron": {"neuron": 3}, "likeness": {"like": photo(5)}, "sentence": {"words": "a cat on a sofa"}}


def ask(model, question: str, **more):
    return explainers.explain("gradcam", model, image=photo(), question=question, **{**QUESTIONS[question], **more})


def slow(model, layer: str, score) -> tuple[np.ndarray, float]:
    """Grad-CAM of any score, by autograd through the whole network and sums written out; and the score."""
    kept: dict[str, Tensor] = {}
    handles = [
        module.register_forward_hook(lambda _m, _i, out, name=name: kept.update({name: out}))
        for name, module in model.network.named_modules()
    ]
    x = model.normalise(model.view(photo()).pixels[None]).requires_grad_()
    kept["answer"] = model.network(x)
    for handle in handles:
        handle.remove()
    value, place = score(kept), model.layer(layer)
    gradient = place.as_map(torch.autograd.grad(value, kept[layer])[0])[0].double().numpy()
    activation = place.as_map(kept[layer])[0].detach().double().numpy()
    alpha = [channel.sum() / channel.size for channel in gradient]
    return sum(weight * each for weight, each in zip(alpha, activation, strict=True)), float(value.detach())


def same(result, wanted: np.ndarray, value: float) -> None:
    np.testing.assert_allclose(result.cam, wanted, rtol=1e-3, atol=1e-5 * np.abs(wanted).max())
    assert result.cam.any()
    assert result.value == pytest.approx(value, rel=1e-4)


def says(result, thing: str, measured: str) -> None:
    """The sentence names what is explained, and directly after it how much of it there is."""
    assert re.search(rf"{re.escape(thing)}( most)? {re.escape(f'({measured})')}", result.sentence), result.sentence


@pytest.mark.parametrize(("make", "layer", "at"), [(small_cnn, "stem", "stage"), (small_vit, "blocks.0", "blocks.1")])
def test_a_neuron_is_the_mean_of_its_channel(make, layer: str, at: str) -> None:
    model = make()
    result = ask(model, "neuron", layer=layer, neuron_layer=at)
    same(result, *slow(model, layer, lambda kept: model.layer(at).as_map(kept[at])[0, 3].mean()))
    says(result, f"supports what neuron 3 of {at} sees", f"mean activation {result.value:.2f}")
    assert result.asked == f"what neuron 3 of {at} sees"


def test_the_layer_of_a_neuron_is_the_last_map_or_the_one_looked_at() -> None:
    model = small_cnn()
    assert ask(model, "neuron", layer="stem").asked.endswith("of bomb sees")
    result = ask(model, "neuron")
    body, _ = model.split(None)
    with torch.no_grad():
        wanted = body(model.normalise(result.image[None]))[0, 3].numpy() / result.cam.size
    np.testing.assert_allclose(result.cam, wanted, rtol=1e-4, atol=1e-8)
    vit = small_vit()
    assert ask(vit, "neuron", layer="blocks.1").asked.endswith("of blocks.1 sees"), "it comes after the default"


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"neuron": 6}, "no channel 6: choose one from 0 to 5"),
        ({"neuron_layer": "nowhere"}, "no layer 'nowhere'"),
        ({"neuron_layer": "stem"}, "neurons of layer 'stem' do not depend on layer 'bomb'.*set layer=stem"),
        ({"neuron_layer": "stem", "layer": "stem,stage"}, "do not depend on layer 'stage'"),
    ],
)
def test_neurons_that_are_not_there_are_refused(more: dict[str, object], words: str) -> None:
    with pytest.raises(InputError, match=words):
        ask(small_cnn(), "neuron", **more)


def test_likeness_is_the_cosine_of_what_the_head_reads() -> None:
    model = small_cnn()
    body, _ = model.split("stage")
    with torch.no_grad():
        other = body(model.normalise(model.view(photo(5)).pixels[None])).mean((2, 3))
    result = ask(model, "likeness", layer="stem")
    same(result, *slow(model, "stem", lambda kept: F.cosine_similarity(kept["stage"].mean((2, 3)), other)[0]))
    says(result, "supports the likeness to noise 5", f"cosine {result.value:.2f}")


def test_likeness_on_a_transformer_is_that_of_its_class_token() -> None:
    model = small_vit()
    with torch.no_grad():
        tokens = model.network.forward_features(model.normalise(model.view(photo(5)).pixels[None]))
    result = ask(model, "likeness")
    same(result, *slow(model, result.layer, lambda kept: F.cosine_similarity(kept["norm"][:, 0], tokens[:, 0])[0]))


def test_an_embedding_is_found_in_every_kind_of_network(tmp_path: Path) -> None:
    cnn, vit, tiny = small_cnn(), small_vit(), tiny_clip(tmp_path)
    assert embedded_at(cnn, inputs(cnn, 1))[0] == Site("head", input=True)
    assert embedded_at(vit, inputs(vit, 1))[0] == Site("head", input=True)
    assert embedded_at(tiny, inputs(tiny, 1))[0] == "visual"
    network = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 8, 8), torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten())
    headless = models.wrap(network, input_size=(3, 32, 32), device="cpu")
    at, read = embedded_at(headless, inputs(headless, 1))
    assert at == "0"
    torch.testing.assert_close(read(torch.ones(2, 4, 4, 4)), torch.ones(2, 4))


@pytest.mark.parametrize("kind", ["vit", "resnet", "timm"])
def test_a_sentence_is_the_cosine_written_slowly(tmp_path: Path, kind: str) -> None:
    model = tiny_clip(tmp_path, kind)
    words = clip.sentence(model, "a cat on a sofa")
    result = ask(model, "sentence")

    def cosine(kept: dict[str, Tensor]) -> Tensor:
        picture = kept["visual"][0]
        return (picture * words).sum() / (picture.square().sum().sqrt() * words.square().sum().sqrt())

    same(result, *slow(model, result.layer, cosine))
    says(result, "supports the words 'a cat on a sofa'", f"cosine {result.value:.2f}")
    assert not np.allclose(result.cam, ask(model, "sentence", words="a dog").cam)


def test_where_a_clips_patches_no_longer_count_it_names_a_layer_that_works(tmp_path: Path) -> None:
    model = tiny_clip(tmp_path)
    with pytest.raises(UnfitError, match=r"exactly zero.*choose 'visual.transformer.resblocks.1.ln_1'"):
        ask(model, "sentence", layer="visual.transformer.resblocks.1")
    assert explainers.explain("gradcam", model, image=photo(), target=1).cam.any()


def test_a_model_that_reads_no_words_refuses_and_names_the_remedy() -> None:
    with pytest.raises(UnfitError, match=r"reads no words; choose a CLIP such as clip/ViT-B-32"):
        ask(small_cnn(), "sentence")


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("method", CAMS)
def test_every_method_answers_or_says_why_not(tmp_path: Path, question: str, method: str) -> None:
    on_cnn = not method.startswith("attention")
    model = marked(tiny_clip(tmp_path) if question == "sentence" else small_cnn() if on_cnn else small_vit())
    before = fingerprint(model.network)
    if question == "sentence" and not on_cnn:
        with pytest.raises(UnfitError, match="choose gradcam"):
            ask(model, question, method=method)
    else:
        result = ask(model, question, method=method, groups=0)
        assert result.cam.any()
        assert result.question == question
        assert result.value == pytest.approx(ask(model, question, layer=result.layer).value, rel=1e-4)
        asked = result.asked in result.sentence
        assert asked if CAMS[method].for_class else "Whatever the class" in result.sentence
    assert fingerprint(model.network) == before


def test_against_a_likeness_is_the_map_with_the_sign_turned() -> None:
    model = small_cnn()
    for_it, against = (ask(model, "likeness", method=method) for method in ("gradcam", "counterfactual"))
    np.testing.assert_array_equal(against.cam, -for_it.cam)
    says(against, "opposes the likeness to noise 5", f"cosine {against.value:.2f}")


def test_choices_for_a_class_have_no_effect_on_other_questions() -> None:
    model = small_cnn()
    plainly, more = ask(model, "neuron"), ask(model, "neuron", target=2, versus=3)
    np.testing.assert_array_equal(plainly.cam, more.cam)
    assert (more.target, more.versus) == (int(more.logits.argmax()), None)


def test_a_class_keeps_its_words_and_has_its_logit_as_value() -> None:
    model = small_cnn()
    result = explainers.explain("gradcam", model, image=photo(), target=2, versus=0)
    assert result.value == pytest.approx(float(result.logits[2] - result.logits[0]), rel=1e-5)
    assert (result.question, result.asked) == ("class", "class 2 rather than class 0")


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        ({"question": "likeness"}, "give the other picture as well, as like"),
        ({"question": "likeness", "like": photo()}, "like itself all over"),
        ({"question": "sentence", "words": "  "}, "give it as well, as words"),
        ({"question": "likeness", "like": "nowhere.png"}, "no file 'nowhere.png'"),
    ],
)
def test_questions_without_what_they_need_are_refused_at_once(chosen: dict[str, object], words: str) -> None:
    with pytest.raises(InputError, match=words):
        params_of(find("gradcam"), {"image": photo(), **chosen})


def test_the_key_changes_with_the_other_picture_and_not_with_its_name() -> None:
    def key(other: models.Photo) -> str:
        chosen = {"image": photo(), "question": "likeness", "like": other}
        return Request("gradcam", models.DEFAULT, params_of(find("gradcam"), chosen)).key

    assert key(photo(5)) == key(models.Photo(photo(5).pixels, "renamed"))
    assert len({key(photo(5)), key(photo(6)), key(photo(7))}) == 3


def test_a_request_with_two_pictures_survives_json() -> None:
    params = params_of(find("gradcam"), {"image": photo(), "question": "likeness", "like": photo(5)})
    request, kept = Request("gradcam", models.DEFAULT, params), {each.digest: each for each in (photo(), photo(5))}
    again = Request.from_json(request.to_json(), kept.__getitem__)
    assert (again, again.key) == (request, request.key)
    assert again.params.like.name == "noise 5"


def test_the_other_picture_may_be_a_path(tmp_path: Path) -> None:
    path = tmp_path / "other.png"
    photo(5).pil().save(path)
    model = small_cnn()
    np.testing.assert_array_equal(ask(model, "likeness", like=path).cam, ask(model, "likeness").cam)


def scores_of(model, question: str, **more):
    lens, chosen = find("gradcam"), {"image": photo(), "question": question, **QUESTIONS[question], **more}
    params = params_of(lens, chosen)
    result = lens(model, params, LocalRun(model))
    return result, {score.name: score for score in lens.evidence(model, params, result, LocalRun(model, 3)).scores}


@pytest.mark.parametrize(
    ("question", "noun"),
    [("neuron", "the neuron's activation"), ("likeness", "the cosine"), ("sentence", "the cosine")],
)
def test_evidence_measures_what_was_asked(tmp_path: Path, question: str, noun: str) -> None:
    model = marked(tiny_clip(tmp_path) if question == "sentence" else small_cnn())
    before = fingerprint(model.network)
    result, scores = scores_of(model, question, full=True, layer=None if question == "sentence" else "stem")
    assert fingerprint(model.network) == before
    curve = scores["deletion"].curves["this map"]
    assert curve[0] == pytest.approx(1, abs=1e-4), "the picture as it is"
    assert scores["insertion"].curves["this map"][-1] == pytest.approx(1, abs=1e-4)
    assert noun in scores["deletion"].reading
    assert f"of {noun} that the whole picture has" in scores["insertion"].reading
    assert scores["deletion"].axes[1] == f"{noun.removeprefix('the ')}, as a share of the picture's"
    assert not [each.reading for each in scores.values() if "probability" in each.reading]
    assert np.isfinite(scores["randomisation"].value)
    assert np.isfinite(scores["with_occlusion"].value)
    assert "The map for *" in scores["random_logit"].reading
    assert result.value > 0


def test_a_share_is_the_quantity_over_that_of_the_picture() -> None:
    model = small_cnn()
    result = ask(model, "neuron", layer="stem")
    images = np.stack([result.image, np.roll(result.image, 5, 0)])
    body, _ = model.split(None)
    with torch.no_grad():
        activation = body(model.normalise(images))[:, 3].mean((1, 2)).numpy()

    subject = MapUnderTest(
        model,
        result.image,
        result.heatmap,
        result.cam,
        0,
        None,
        False,
        lambda *_: result.cam,
        MeasuredTarget("the neuron's activation", of_neuron(model.layer(None), 3), result.value),
    )
    np.testing.assert_allclose(subject.predict(images), activation / activation[0], rtol=1e-4)
    np.testing.assert_allclose(
        replace(subject, against=True).predict(images), 2 - activation / activation[0], rtol=1e-4
    )


def test_a_quantity_that_is_not_there_cannot_be_shared_out() -> None:
    model = small_cnn()
    model.network.stage[1].bias.data[3] = -50
    more = {"layer": "stage.1", "neuron_layer": "stage.1", "method": "counterfactual"}
    _, scores = scores_of(model, "neuron", full=True, **more)
    for name in ("deletion", "insertion", "average_drop", "road", "mu_fidelity"):
        assert np.isnan(scores[name].value)
        assert scores[name].reading.startswith("Cannot be measured: ")
        assert "the neuron's activation is not above zero in the picture as it is" in scores[name].reading


def test_words_against_say_what_blurring_raises() -> None:
    model = small_cnn()
    _, scores = scores_of(model, "likeness", layer="stem", method="counterfactual")
    assert "the cosine by half" in scores["deletion"].reading


def test_a_persons_own_words_are_no_markup() -> None:
    assert plain("a *cat* on [it](http://x.y) ![](z) `b` :red[c] <i> $d$ _e_") == (
        "a cat on it (http //x.y) (z) b red c i d e"
    )
    assert plain("Katze, die's nicht gibt; 50 %?") == "Katze, die's nicht gibt; 50 %?"
    assert len(plain("word " * 99)) <= 84
    blank = np.zeros((4, 4), np.float32)
    assert asked_sentence(blank, "the words 'a'", "cosine 0.10") == (
        "Nothing in this picture supports the words 'a' at this layer (cosine 0.10)."
    )
