"""What all trainings stand on: the same chance everywhere, a checkpoint to go on from, and weights in one piece."""
