"""Pure functions of two topologies that give a number."""
