"""Rules that change a topology during training."""
