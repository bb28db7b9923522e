"""Whether another network recognises what MACO draws: ``python -m tests.benchmarks.bench_imagined [CLASSES]``.

EfficientNet-Lite0 imagines 50 classes, every twentieth of ImageNet, one picture each in 128 steps at the defaults.
EfficientNet-Lite2, which took no part, looks at each: is the class among its five likeliest (goal: 60%)? The controls
know nothing: the picture of the class before (another answer of the same climb), and noise of the same spectrum.
"""

import sys

import numpy as np
import torch

import explainers
import models
from explainers.activation.climb import LARGER, logits_as_photos
from explainers.kit.canvas import Phases

SOURCE, JUDGE, STEPS, EVERY = "efficientnet_lite0", "efficientnet_lite2", 128, 20


def noise(side: int, seed: int) -> np.ndarray:
    """A picture of the same spectrum, uint8 (s, s, 3)."""
    canvas = Phases(1, side, np.random.default_rng(seed), torch.device("cpu"))
    with torch.no_grad():
        return canvas.pixels()[0].mul(255).round().to(torch.uint8).permute(1, 2, 0).numpy()


def rank(logits: np.ndarray, cls: int) -> int:
    """Place of a class among the answers, 0 is first."""
    return int((logits > logits[cls]).sum())


def main() -> None:
    """Print a line a class, then the shares."""
    torch.set_num_threads(1)
    source, judge = (models.load(name, "cpu") for name in (SOURCE, JUDGE))
    classes = list(range(0, 1000, EVERY))[: int(sys.argv[1]) if len(sys.argv) > 1 else None]
    side = 2 * round(LARGER * max(source.card.input_size[1:]) / 2)
    drawn: list[tuple[int, int]] = []
    seen: list[np.ndarray] = []
    for cls in classes:
        result = explainers.explain("activation", source, target=cls, steps=STEPS, n=1, independent=JUDGE)
        answer, blind = logits_as_photos(judge, np.stack([result.images[0], noise(side, cls)]))
        seen.append(answer)
        drawn.append((rank(answer, cls), rank(blind, cls)))
        print(
            f"| {source.card.short(cls)} | {result.probability[0]:.0%} | {drawn[-1][0] + 1} | {drawn[-1][1] + 1} |"
            f" {np.mean([one < 5 for one, _ in drawn]):.0%} so far |",
            flush=True,
        )
    other = [rank(answer, cls) for answer, cls in zip(seen, classes[1:], strict=False)]
    for title, ranks in (
        ("imagined", [one for one, _ in drawn]),
        ("noise of the same spectrum", [blind for _, blind in drawn]),
        ("the picture of the class before", other),
    ):
        shares = (np.mean([one < most for one in ranks]) if ranks else float("nan") for most in (1, 5))
        print(f"{title}: first {next(shares):.0%}, among five {next(shares):.0%} of {len(ranks)}")


if __name__ == "__main__":
    main()
