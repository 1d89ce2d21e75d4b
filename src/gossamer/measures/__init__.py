"""Pure functions of a topology (and weights) that give numbers."""
