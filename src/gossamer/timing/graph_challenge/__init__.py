"""The Sparse DNN Graph Challenge (MIT / IEEE / Amazon): its nets, files, rules and rate.

References:
    Kepner, Alford, Gadepalli, Jones, Milechin, Robinett, Samsi, "Sparse Deep Neural Network Graph Challenge",
    arXiv 1909.05631, 2019.
"""

from gossamer.timing.graph_challenge.files import read_categories, read_images, read_layers
from gossamer.timing.graph_challenge.inference import Engine, by_scipy
from gossamer.timing.graph_challenge.nets import BIASES, Net, generate, random_images

__all__ = [
    "BIASES",
    "Engine",
    "Net",
    "by_scipy",
    "generate",
    "random_images",
    "read_categories",
    "read_images",
    "read_layers",
]
