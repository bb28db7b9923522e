"""Situations of public reports that once ended wrong, each with the test that holds its right value.

The names of tests stand without ``test_`` and those of their modules behind them.

| Situation | Tests |
|---|---|
| attention matrices as maps | attention_matrices_are_no_maps (examination) |
| prefixes of checkpoints | one_prefix_is_taken_off_wherever_the_weights_lie and all after it (checkpoints) |
| float16, bfloat16, float64 | weights_of_another_type_answer_as_in_float32 (foreign_networks) |
| a network without a classifier | a_network_without_a_classifier_offers_all_but_classes (foreign_networks); here too |
| labels of another count or type | labels_that_do_not_fit_are_refused (foreign_networks); here, on the command line |
| answers that are not finite | what_cannot_be_explained_is_refused_in_a_sentence (foreign_networks) |
| a deviation of 0 | the_remedies_work (foreign_networks) |
| a network that draws lots | what_cannot_be_explained_is_refused_in_a_sentence (foreign_networks) |
| numpy integers | whole_numbers_of_numpy_and_torch_are_classes (foreign_networks) |
| one channel | a_grey_network_sees_luma (foreign_networks), a_grey_network_of_x_rays (three_lines) |
| one logit | one_logit_has_two_sides_and_its_sigmoid (foreign_networks); here, its evidence |
| a ReLU that runs twice | functions and modules (deep_lift), all methods (hostile); here, concepts and comparison |
| a softmax inside | a_softmax_inside_gives_the_same_probability_and_the_card_says_so (foreign_networks) |
| squashed and bordered pictures | our_preprocessing_is_timms_on_every_pretrained_config (timm_configs) |
| TorchScript | torchscript_says_that_its_layers_are_hidden_and_the_remedies_work (foreign_networks) |
| a dead default layer | the_default_layer_of_a_wrapped_vit_is_alive (examination); here, in four wrappings |
| half of it in 0% of the picture | sentences of small maps (gradcam); here, from networks |
"""

import json
import re

import numpy as np
import pytest
import timm
import torch
from torch import Tensor, nn

import explainers
import models
from dashboard.cli import main
from explainers import Alone, Request, answer, params_of
from models import UnfitError
from tests.explainers.nets import photo, seeded, small_vit

SIZE = (3, 32, 32)


def small(classes: int = 3) -> nn.Sequential:
    layers = (nn.Conv2d(3, 8, 3, 2, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, classes))
    return nn.Sequential(*layers)


def wrapped(network: nn.Module, **said: object) -> models.ModelHandle:
    return models.wrap(seeded(network), **{"input_size": SIZE, "device": "cpu", **said})


def test_a_checkpoint_without_a_classifier_has_no_class_names(tmp_path) -> None:
    torch.save(timm.create_model("test_resnet", num_classes=0).state_dict(), tmp_path / "net.pth")
    (tmp_path / "net.json").write_text('{"architecture": "test_resnet", "num_classes": 0}')
    handle = models.load(str(tmp_path / "net.pth"), "cpu")
    assert not handle.card.has_classes
    assert "No class names" in handle.card.remarks[-1]
    with pytest.raises(UnfitError, match="question=neuron or question=likeness, or with method=eigencam"):
        explainers.explain("gradcam", handle, image=photo())
    assert explainers.explain("gradcam", handle, image=photo(), method="eigencam").cam.any()


@pytest.mark.parametrize(
    ("about", "code"),
    [
        ({"num_classes": 10, "label_names": ["cat", "dog"]}, 2),
        ({"num_classes": 10, "label_names": [f"c{i}" for i in range(12)]}, 2),
        ({"num_classes": "ten"}, 2),
        ({"num_classes": None, "label_names": [f"c{i}" for i in range(10)]}, 0),
    ],
)
def test_labels_on_the_command_line_fit_or_end_with_two(tmp_path, monkeypatch, capsys, about: dict, code: int) -> None:
    torch.save(timm.create_model("test_resnet", num_classes=10).state_dict(), tmp_path / "net.pth")
    (tmp_path / "net.json").write_text(json.dumps({"architecture": "test_resnet", **about}))
    photo().pil().save(tmp_path / "a.png")
    chosen = ["--model", tmp_path / "net.pth", "--image", tmp_path / "a.png", "--no-evidence", "--out", tmp_path / "o"]
    monkeypatch.setattr("sys.argv", ["seewhy", "explain", "gradcam", *map(str, chosen)])
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr().err
    assert ended.value.code == code, said
    assert code == 0 or said.count("\n") == 1


@pytest.mark.parametrize("side", [0, 1])
def test_the_evidence_of_one_logit_moves_with_the_picture(side: int) -> None:
    handle = wrapped(small(1), labels=["defect"])
    params = params_of(explainers.find("gradcam"), {"image": photo(), "target": side})
    proof = answer(handle, Request("gradcam", handle.card.name, params, "evidence"), Alone(handle))
    (deletion,) = [score for score in proof.scores if score.name == "deletion"]
    assert np.isfinite(deletion.value)
    assert deletion.value not in (0, 1), "softmax over one logit is 1 whatever the network says"


class Reused(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.one, self.two, self.head = nn.Conv2d(3, 8, 3, 2, 1), nn.Conv2d(8, 16, 3, 2, 1), nn.Linear(16, 2)
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.relu(self.two(self.relu(self.one(x)))).mean((2, 3)))


def test_a_relu_that_runs_twice_is_right_in_concepts_and_comparison(tmp_path) -> None:
    handle = wrapped(Reused())
    for seed in range(8):
        photo(seed).pil().save(tmp_path / f"{seed}.png")
    cls = explainers.explain("gradcam", handle, image=photo()).target
    found = explainers.explain("concepts", handle, images=str(tmp_path), cls=cls, k=2, limit=8)
    assert found.layer == handle.layer(None).name == "two"
    compared = explainers.explain("compare", handle, image=photo(), methods=["gradcam", "deep_lift"])
    assert len(compared.maps) == 2


class Own(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.backbone, self.head = small_vit(num_classes=0).network, nn.Linear(24, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.backbone(x))


@pytest.mark.parametrize(
    ("wrap", "layer"),
    [
        (lambda: small_vit().network, "blocks.1.norm1"),
        (Own, "backbone.blocks.1.norm1"),
        (lambda: nn.Sequential(nn.Identity(), small_vit().network), "1.blocks.1.norm1"),
        (lambda: nn.DataParallel(small_vit().network), "module.blocks.1.norm1"),
    ],
    ids=["bare", "own", "sequential", "parallel"],
)
def test_a_transformer_is_looked_at_in_the_same_layer_however_it_is_wrapped(wrap, layer: str) -> None:
    handle = wrapped(wrap())
    result = explainers.explain("gradcam", handle, image=photo())
    assert result.layer == handle.layer(None).name == layer
    assert np.ptp(result.cam) > 0


def test_half_of_the_evidence_never_lies_in_none_of_the_picture() -> None:
    layers = (nn.Conv2d(3, 8, 3, 2, 1), nn.ReLU(), nn.Conv2d(8, 16, 3, 2, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1))
    for seed in range(6):
        torch.manual_seed(seed)
        handle = models.wrap(nn.Sequential(*layers, nn.Flatten(), nn.Linear(16, 4)), input_size=SIZE, device="cpu")
        words = explainers.explain("gradcam", handle, image=photo(seed)).sentence
        assert not re.search(r"\b0 ?% of the picture", words), words
