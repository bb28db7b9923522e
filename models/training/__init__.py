"""What trainings stand on: the same chance everywhere, memory kept, a checkpoint, and weights written in one piece."""
