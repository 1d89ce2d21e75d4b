"""Pure functions that make a junction or a topology."""
