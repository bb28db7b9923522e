"""What a training gives: a classifier with everything that its file holds."""

from dataclasses import dataclass

import numpy as np

from explainers.base import Result
from explainers.prototypes.learn.head import Scores
from models.prototypes.about import About

RECORDED = ("owner", "cell", "boxes", "changed", "thumbnails")
SPLITS = ("train", "validation", "test")


@dataclass(frozen=True, kw_only=True)
class TrainedPrototypes(Result):
    """A trained classifier: everything that its file holds.

    Attributes:
        prototypes: float32 (P, D). owner: int (P,), the class of each. cell: int (P, 2), its place on the layer's grid.
        weight: float32 (K, P).
        boxes: int (P, 4), y0 x0 y1 x1 of each in its thumbnail.
        changed: float16 (6, K, P), mean likeness of some training pictures of each class, as they are and with hue,
            saturation, contrast, texture and shape changed.
        thumbnails: uint8 (P, 128, 128, 3), the training picture of each as the model saw it.
        add_on_0_weight, add_on_0_bias, add_on_2_weight, add_on_2_bias: of the log-L2 variant; empty otherwise.
        train_similarity, validation_similarity, test_similarity: float16 (n, P), greatest similarities.
        train_labels, validation_labels, test_labels: int (n,).
        backbone: its weights by name, where they were fine-tuned; empty otherwise.
        classes, files: names of the classes, and of each prototype's picture.
        layer, metric, source, base, base_sha256: what it stands on.
        penalty: of the sparse head.
        probe_accuracy: of logistic regression on the same features' means, on the test pictures.
        whole_accuracy: of the backbone's own head on the test pictures, where it knows the classes; NaN otherwise.
        skipped: files that could not be read, and why.
        notes: what was done otherwise than asked, a sentence each.
    """

    prototypes: np.ndarray
    owner: np.ndarray
    cell: np.ndarray
    weight: np.ndarray
    boxes: np.ndarray
    changed: np.ndarray
    thumbnails: np.ndarray
    add_on_0_weight: np.ndarray
    add_on_0_bias: np.ndarray
    add_on_2_weight: np.ndarray
    add_on_2_bias: np.ndarray
    train_similarity: np.ndarray
    validation_similarity: np.ndarray
    test_similarity: np.ndarray
    train_labels: np.ndarray
    validation_labels: np.ndarray
    test_labels: np.ndarray
    backbone: dict[str, np.ndarray]
    classes: tuple[str, ...]
    files: tuple[str, ...]
    layer: str
    metric: str
    source: str
    base: str
    base_sha256: str
    penalty: float
    probe_accuracy: float
    whole_accuracy: float
    skipped: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]

    def scores(self, split: str) -> Scores:
        """Greatest similarities and labels of the pictures of a split."""
        return Scores(getattr(self, f"{split}_similarity").astype(np.float32), getattr(self, f"{split}_labels"))

    @property
    def test_accuracy(self) -> float:
        """Share of the test pictures named rightly."""
        return self.scores("test").accuracy(self.weight)

    @property
    def sentence(self) -> str:
        """How good it is, beside a linear probe."""
        used = int((np.abs(self.weight) > 0).sum())
        return (
            f"{len(self.owner)} prototypes of {len(self.classes)} classes name {self.test_accuracy:.1%} of the test"
            f" pictures rightly, with {used} weights; a linear probe names {self.probe_accuracy:.1%}."
        )

    def about(self) -> About:
        """The header of its file."""
        facts = {
            **{f"{split}_accuracy": self.scores(split).accuracy(self.weight) for split in SPLITS},
            "probe_accuracy": self.probe_accuracy,
            "penalty": self.penalty,
        }
        if np.isfinite(self.whole_accuracy):
            facts["whole_accuracy"] = self.whole_accuracy
        return About(
            base=self.base,
            base_sha256=self.base_sha256,
            layer=self.layer,
            metric=self.metric,
            classes=self.classes,
            files=self.files,
            source=self.source,
            facts=facts,
        )

    def tensors(self) -> dict[str, np.ndarray]:
        """The tensors of its file."""
        split = [f"{name}_{what}" for name in SPLITS for what in ("similarity", "labels")]
        add_on = {
            f"similarity.add_on.{at}.{what}": getattr(self, f"add_on_{at}_{what}")
            for at in (0, 2)
            for what in ("weight", "bias")
            if self.metric == "log_l2"
        }
        return {
            "similarity.prototypes": self.prototypes,
            "head.weight": self.weight,
            **add_on,
            **{f"backbone.{name}": value for name, value in self.backbone.items()},
            **{f"record.{name}": getattr(self, name) for name in (*RECORDED, *split)},
        }
