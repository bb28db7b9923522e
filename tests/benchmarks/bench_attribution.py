"""What attribution costs in units of one bare forward pass: `python -m tests.benchmarks.bench_attribution`.

Networks have random weights; each number is a ratio within one run on one thread. See `measure` for how.
"""

import argparse
import warnings
from collections.abc import Callable

import timm
import torch
from torch import Tensor

import models
from explainers.attribution.methods.maps import gradcam_maps
from tests.benchmarks.measure import Call, interleaved, peak_extra

NETS = {"efficientnet_lite0": "tf_efficientnet_lite0", "resnet50": "resnet50"}
LIMIT_TIME, LIMIT_MEMORY = 1.10, 1.5


def build(net: str, batch: int, size: int = 224) -> tuple[models.ModelHandle, Tensor]:
    """A network with random weights, in the memory layout that the zoo gives it, and inputs of its size."""
    torch.manual_seed(0)
    network = timm.create_model(NETS[net])
    handle = models.wrap(network, input_size=(3, size, size), device="cpu")
    x = torch.randn(batch, 3, size, size)
    if net.startswith("efficientnet"):
        handle.network.to(memory_format=torch.channels_last)
        x = x.contiguous(memory_format=torch.channels_last)
    return handle, x


def bare(net: str, batch: int) -> Call:
    """One forward pass and nothing else."""
    handle, x = build(net, batch)

    def call() -> object:
        with torch.inference_mode():
            return handle.network(x)

    return call


def ours(net: str, batch: int) -> Call:
    """Our Grad-CAM."""
    handle, x = build(net, batch)
    targets, layer = torch.zeros(batch, dtype=torch.long), handle.layer(None).name
    return lambda: gradcam_maps(handle, x, targets, layer)


def captum(net: str, batch: int) -> Call:
    """captum's LayerGradCam."""
    from captum.attr import LayerGradCam

    handle, x = build(net, batch)
    peer = LayerGradCam(handle.network, handle.network.get_submodule(handle.layer(None).name))
    return lambda: peer.attribute(x, target=torch.zeros(batch, dtype=torch.long))


def torchcam(net: str, batch: int) -> Call:
    """torchcam's GradCAM."""
    from torchcam.methods import GradCAM

    handle, x = build(net, batch)
    peer = GradCAM(handle.network, handle.network.get_submodule(handle.layer(None).name))
    return lambda: peer([0] * batch, handle.network(x.clone().requires_grad_()))


def grad_cam(net: str, batch: int) -> Call:
    """pytorch-grad-cam's GradCAM."""
    from pytorch_grad_cam import GradCAM
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

    handle, x = build(net, batch)
    peer = GradCAM(model=handle.network, target_layers=[handle.network.get_submodule(handle.layer(None).name)])
    return lambda: peer(x, [ClassifierOutputTarget(0)] * batch)


MAKERS: dict[str, Callable[[str, int], Call]] = {
    "one forward": bare,
    "seewhy": ours,
    "captum": captum,
    "torchcam": torchcam,
    "grad-cam": grad_cam,
}


def gradcam_table(rounds: int) -> bool:
    """Print Grad-CAM's time and memory beside those of other libraries; whether ours are within the limits."""
    good = True
    for net in NETS:
        for batch in (1, 8):
            seconds = interleaved(
                {name: make(net, batch) for name, make in MAKERS.items()}, rounds if batch == 1 else 3
            )
            extra = {name: peak_extra(make, net, batch) for name, make in MAKERS.items()}
            for name in MAKERS:
                time, memory = seconds[name] / seconds["one forward"], extra[name] / extra["one forward"]
                print(
                    f"{net:20} batch {batch}  {name:12} {time:6.2f} forwards   {extra[name] / 1e6:7.0f} MB extra"
                    f" ({memory:4.2f} of the forward's)",
                    flush=True,
                )
                good = good and (name != "seewhy" or (time <= LIMIT_TIME and memory <= LIMIT_MEMORY))
    print(f"limits {LIMIT_TIME} forwards, {LIMIT_MEMORY} of the forward's memory: {'kept' if good else 'NOT kept'}")
    return good


def main() -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    gradcam_table(rounds)


if __name__ == "__main__":
    main()
