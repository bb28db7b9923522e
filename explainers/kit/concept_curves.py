"""C-Insertion and C-Deletion: concepts put in, or taken away, the most important first."""

import numpy as np
from jaxtyping import Float
from scipy.special import softmax

from explainers.kit import metrics
from explainers.kit.dictionaries import Dictionary
from explainers.kit.importance.tail import Logit
from explainers.kit.tail import NetworkTail


def shown(
    way: NetworkTail, codes: Float[np.ndarray, "n h w k"], images: Float[np.ndarray, "n k"]
) -> Float[np.ndarray, "n *p k"]:
    """Codes as the layers that follow need them: of whole images behind a linear head, else the map."""
    return images if way.head is not None else codes


def probability(way: NetworkTail, atoms: Dictionary, cls: int, context: np.ndarray) -> Logit:
    """From codes to the probability of the class."""

    def answer(codes: np.ndarray) -> np.ndarray:
        return np.asarray(softmax(way.logits(atoms, codes, context), 1)[:, cls])

    return answer


def insertion_and_deletion(
    answer: Logit, codes: Float[np.ndarray, "n *p k"], scores: Float[np.ndarray, "n k"]
) -> tuple[Float[np.ndarray, " steps"], Float[np.ndarray, " steps"]]:
    """Mean curves of ``k + 1`` steps over images."""
    return metrics.insertion(answer, codes, scores).mean(0), metrics.deletion(answer, codes, scores).mean(0)
