"""What stands beside every picture: faithfulness, sanity, localisation; each against things that know nothing."""

from explainers.evidence.baselines import centre_map, moved_map, random_map
from explainers.evidence.faithfulness import Curves, insertion_deletion
from explainers.evidence.localisation import energy_inside, pointing_game
from explainers.evidence.sanity import cascade, rank_correlation

__all__ = [
    "Curves", "cascade", "centre_map", "energy_inside", "insertion_deletion", "moved_map", "pointing_game",
    "random_map", "rank_correlation",
]  # fmt: skip
