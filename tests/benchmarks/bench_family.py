"""What the other attribution methods cost, against the passes that they cannot do without.

`python -m tests.benchmarks.bench_family`; networks have random weights, one thread, see `measure` for how.
"""

import contextlib
import warnings
from functools import partial

import torch

from explainers.attribution.methods.gradients import gradients, integrated_gradients
from explainers.attribution.methods.maps import class_maps
from explainers.attribution.methods.masking import _by_tail
from explainers.attribution.methods.perturbation import BATCH, occlusion, rise
from explainers.attribution.methods.problem import Problem
from explainers.attribution.methods.table import CAMS
from explainers.kit.targets import Target, of_class, of_classes
from tests.benchmarks.bench_attribution import bare, build
from tests.benchmarks.measure import Call, interleaved, peak_extra

LAYER, CHANNELS, MASKS, STEPS, PLACES = "blocks.2", 40, 64, 16, 225


def forwards(net: str, count: int) -> Call:
    """``count`` forward passes in batches of `BATCH`."""
    handle, x = build(net, BATCH)

    def call() -> None:
        with torch.inference_mode():
            for start in range(0, count, BATCH):
                handle.network(x[: count - start])

    return call


def score_cam() -> Call:
    """Our Score-CAM over every channel of `LAYER`."""
    handle, x = build("efficientnet_lite0", 1)
    return lambda: CAMS["scorecam"].solve(
        Problem(handle, x, of_classes(torch.tensor([0])), handle.layer(LAYER), groups=0)
    )


def stopped(net: str, peer: bool) -> Call:
    """The first batches of Score-CAM over all channels of the last map, where memory has reached its peak."""
    handle, x = build(net, 1)
    seen: list[int] = []

    def enough(output: torch.Tensor, _rows: object = None) -> torch.Tensor:
        seen.append(1)
        if len(seen) > (48 if peer else 3):  # the peer asks once a mask, we once a batch
            raise _EnoughError
        return torch.zeros(()) if peer else torch.zeros(len(output))

    def run() -> None:
        if not peer:
            CAMS["scorecam"].solve(Problem(handle, x, Target(enough), handle.layer(None), groups=0))
            return
        from pytorch_grad_cam import ScoreCAM

        theirs = ScoreCAM(model=handle.network, target_layers=[handle.network.get_submodule(handle.layer(None).name)])
        # The first call of the target belongs to a backward pass that ScoreCAM does not make.
        theirs(x, [enough])

    def call() -> None:
        with contextlib.suppress(_EnoughError):
            run()

    return call


class _EnoughError(Exception):
    pass


def tell(what: str, ratio: float, limit: float, unit: str = "") -> None:
    """Print one line of the table."""
    print(f"{what:58} {ratio:6.2f} {unit} (limit {limit:g}, {'kept' if ratio <= limit else 'NOT kept'})", flush=True)


def resnet(rounds: int = 3) -> None:
    """Ablation-CAM and a hundred classes on ResNet-50's last map, in forward passes."""
    handle, x = build("resnet50", 1)
    target, layer = of_classes(torch.tensor([0])), handle.layer(None)
    ask = Problem(handle, x, target, layer)

    def tail() -> None:
        with torch.inference_mode():
            handle.network(x)
            _by_tail(ask, target)

    seconds = interleaved(
        {
            "forward": bare("resnet50", 1),
            "tail": tail,
            "closed": lambda: CAMS["ablationcam"].solve(ask),
            "classes": lambda: class_maps(handle, x, range(100)),
        },
        rounds,
    )
    tell("Ablation-CAM, tail only, 2048 channels", seconds["tail"] / seconds["forward"], 8, "forwards")
    tell("Ablation-CAM, closed form", seconds["closed"] / seconds["forward"], 1.1, "forwards")
    tell("100 classes' Grad-CAM", seconds["classes"] / seconds["forward"], 1.5, "forwards")


def lite(rounds: int = 3) -> None:
    """Methods that repeat, against their own passes."""
    net = "efficientnet_lite0"
    handle, x = build(net, 1)
    ask = Problem(handle, x, of_class(handle, 0), samples=MASKS)
    seconds = interleaved(
        {
            "masks": forwards(net, CHANNELS + 1),
            "scorecam": score_cam(),
            "rise forwards": forwards(net, MASKS),
            "rise": partial(rise, ask),
            "occlusion": partial(occlusion, ask),
            "occlusion forwards": forwards(net, PLACES + 1),
            "steps": lambda: [gradients(ask, x.repeat(8, 1, 1, 1)) for _ in range(STEPS // 8)],
            "integrated": lambda: integrated_gradients(Problem(handle, x, of_class(handle, 0), samples=STEPS)),
        },
        rounds,
    )
    tell("Score-CAM over its own forward passes", seconds["scorecam"] / seconds["masks"], 1.1)
    tell("RISE over its own forward passes", seconds["rise"] / seconds["rise forwards"], 1 / 0.9)
    tell("Occlusion over its own forward passes", seconds["occlusion"] / seconds["occlusion forwards"], 1 / 0.9)
    tell("Integrated gradients over its forward and backward passes", seconds["integrated"] / seconds["steps"], 1.1)
    for each in (net, "resnet50"):
        ours, theirs = peak_extra(stopped, each, False), peak_extra(stopped, each, True)
        tell(f"Score-CAM's extra memory over grad-cam's, {each}", ours / theirs, 0.25)


def main() -> None:
    """Print the table."""
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    resnet()
    lite()


if __name__ == "__main__":
    main()
