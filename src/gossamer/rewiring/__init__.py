"""Rules that change a topology during training, and the rewirer that applies them."""

from gossamer.rewiring.budget import KeepAllEdges, KeepCounts, ShareByMomentum, ShrinkEach, ShrinkTogether
from gossamer.rewiring.drop import DropLeastSalient, DropNearestZero, DropSmallest, KeepAll
from gossamer.rewiring.grow import GrowGradient, GrowMomentum, GrowNothing, GrowRandom, Normal, Zero
from gossamer.rewiring.recording import Recording
from gossamer.rewiring.repair import KeepDead, RemoveDead
from gossamer.rewiring.rewirer import Rewirer
from gossamer.rewiring.rule import FirstDue, Rewire, Rule, Static
from gossamer.rewiring.rules import rigl, sparse_evolutionary, static
from gossamer.rewiring.schedules import Constant, Cosine, Cubic, Every, Linear, Never, Sigmoid
from gossamer.rewiring.update import Moved, Update
from gossamer.rewiring.view import Change, LayerView, Network

__all__ = [
    "Change",
    "Constant",
    "Cosine",
    "Cubic",
    "DropLeastSalient",
    "DropNearestZero",
    "DropSmallest",
    "Every",
    "FirstDue",
    "GrowGradient",
    "GrowMomentum",
    "GrowNothing",
    "GrowRandom",
    "KeepAll",
    "KeepAllEdges",
    "KeepCounts",
    "KeepDead",
    "LayerView",
    "Linear",
    "Moved",
    "Network",
    "Never",
    "Normal",
    "Recording",
    "RemoveDead",
    "Rewire",
    "Rewirer",
    "Rule",
    "ShareByMomentum",
    "ShrinkEach",
    "ShrinkTogether",
    "Sigmoid",
    "Static",
    "Update",
    "Zero",
    "rigl",
    "sparse_evolutionary",
    "static",
]
