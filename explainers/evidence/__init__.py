"""What stands beside every picture: faithfulness, sanity, localisation; each against things that know nothing."""

from explainers.evidence.agreement import agreement
from explainers.evidence.baselines import centre_map, moved_map, random_map
from explainers.evidence.boxes import Box, read_boxes
from explainers.evidence.faithfulness import Curves, insertion_deletion
from explainers.evidence.localisation import energy_inside, pointing_game, pointing_recall, weak_localisation
from explainers.evidence.removal import drop_and_increase, mu_fidelity, road
from explainers.evidence.sanity import cascade, rank_correlation
from explainers.evidence.stability import max_sensitivity

__all__ = [
    "Box",
    "Curves",
    "agreement",
    "cascade",
    "centre_map",
    "drop_and_increase",
    "energy_inside",
    "insertion_deletion",
    "max_sensitivity",
    "moved_map",
    "mu_fidelity",
    "pointing_game",
    "pointing_recall",
    "random_map",
    "rank_correlation",
    "read_boxes",
    "road",
    "weak_localisation",
]
