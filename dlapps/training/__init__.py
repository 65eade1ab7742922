"""Learning rules run by one loop: steps, checkpoints, validation, distribution."""
