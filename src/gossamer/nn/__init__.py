"""A topology with weights: layers, initialisations, kernels."""
