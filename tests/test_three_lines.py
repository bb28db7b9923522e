"""Somebody's own network, explained at the defaults in three lines of Python."""

import numpy as np
import pytest
import safetensors.torch
import timm
import torch
import torchvision
from torch import Tensor, nn

import explainers
import models
from tests.explainers.nets import photo


def check(result, classes: int) -> None:
    assert result.logits.shape == (classes,)
    assert np.isfinite(result.heatmap).all()
    assert np.ptp(result.cam) > 0
    assert result.heatmap.shape == result.image.shape[:2]


def test_a_resnet_50_of_torchvision() -> None:
    network = torchvision.models.resnet50(num_classes=7)
    handle = models.wrap(network, input_size=(3, 64, 64), device="cpu")
    result = explainers.explain("gradcam", handle, image=photo())
    check(result, 7)
    assert result.layer == "layer4"


class FineTuned(nn.Module):
    """A ViT inside a module of one's own, with a head of one's own."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = timm.create_model("test_vit", num_classes=0, img_size=96)
        self.classify = nn.Sequential(nn.LayerNorm(self.encoder.num_features), nn.Linear(self.encoder.num_features, 3))

    def forward(self, pixels: Tensor) -> Tensor:
        return self.classify(self.encoder(pixels))


def test_a_vision_transformer_in_a_module_of_ones_own() -> None:
    network = FineTuned()
    handle = models.wrap(network, input_size=(3, 96, 96), labels=["cat", "dog", "fox"], device="cpu")
    result = explainers.explain("gradcam", handle, image=photo())
    check(result, 3)
    assert handle.layer(None).prefix == 1
    assert result.layer == "encoder.blocks.5.norm1"


def test_a_checkpoint_of_data_parallel_with_a_sigmoid_head(tmp_path) -> None:
    trained = nn.DataParallel(nn.Sequential(timm.create_model("test_resnet", num_classes=4), nn.Sigmoid()))
    safetensors.torch.save_file(trained.state_dict(), tmp_path / "net.safetensors")

    network = nn.Sequential(timm.create_model("test_resnet", num_classes=4), nn.Sigmoid())
    state = safetensors.torch.load_file(tmp_path / "net.safetensors")
    network.load_state_dict({name.removeprefix("module."): weight for name, weight in state.items()})
    handle = models.wrap(network, input_size=(3, 64, 64), labels=["a", "b", "c", "d"], device="cpu")
    result = explainers.explain("gradcam", handle, image=photo())
    check(result, 4)
    with torch.no_grad():
        answer = trained.module.eval()(handle.preprocess(photo())[None])[0, result.target].item()
    assert result.probability == pytest.approx(answer, abs=1e-5)
    assert handle.findings.answers == "yes-no probabilities"


def test_a_checkpoint_of_data_parallel_is_a_model_by_its_path(tmp_path) -> None:
    trained = nn.DataParallel(timm.create_model("test_resnet", num_classes=1))
    torch.save({"state_dict": trained.state_dict(), "epoch": 3}, tmp_path / "net.pth")
    about = '{"architecture": "test_resnet", "num_classes": 1, "label_names": ["defect"]}'
    (tmp_path / "net.json").write_text(about)

    handle = models.load(str(tmp_path / "net.pth"), "cpu")
    result = explainers.explain("gradcam", handle, image=photo())
    assert result.label == "defect"
    assert any("module." in note for note in handle.card.notes)
    assert handle.findings.remarks


def test_a_grey_network_of_x_rays() -> None:
    network = timm.create_model("test_resnet", in_chans=1, num_classes=2)
    handle = models.wrap(network, input_size=(1, 64, 64), labels=["healthy", "ill"], device="cpu")
    result = explainers.explain("gradcam", handle, image=photo())
    check(result, 2)
