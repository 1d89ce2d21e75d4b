"""A topology out of a dense model."""
