"""Rules that change a topology during training, and the rewirer that applies them."""

from gossamer.rewiring.average import Average
from gossamer.rewiring.budget import (
    ClearWeakNeurons,
    GrowBeyond,
    KeepAllEdges,
    KeepCounts,
    ShareByMomentum,
    ShrinkEach,
    ShrinkTogether,
)
from gossamer.rewiring.deep import DeepRewire
from gossamer.rewiring.diagonals import ChooseDiagonals
from gossamer.rewiring.drop import (
    DropBeyondInitial,
    DropLeastSalient,
    DropNearestZero,
    DropSmallest,
    DropSoftly,
    KeepAll,
)
from gossamer.rewiring.fan_in import ConstantFanIn
from gossamer.rewiring.group_rules import rigl_in_groups, sparse_evolutionary_in_groups
from gossamer.rewiring.groups import DropGroups, GrowGroups, in_groups
from gossamer.rewiring.grow import GrowGradient, GrowMomentum, GrowNothing, GrowRandom, Normal, Zero
from gossamer.rewiring.guided import ByMagnitude, Evenly, GrowGuided
from gossamer.rewiring.hebbian import GrowHebbian, GrowHebbianSoftly
from gossamer.rewiring.local_nodes import ByNodes
from gossamer.rewiring.local_paths import ByPaths
from gossamer.rewiring.lottery import LotteryTicket
from gossamer.rewiring.parallel import average_gradients
from gossamer.rewiring.recording import Recording
from gossamer.rewiring.registry import RULES, Recipe
from gossamer.rewiring.repair import KeepDead, RemoveDead
from gossamer.rewiring.rewirer import Rewirer
from gossamer.rewiring.rule import FirstDue, Follows, Rewire, Rule, Static
from gossamer.rewiring.rules import (
    cht,
    chts,
    chtss,
    deep_rewiring,
    diagonals,
    gradual_magnitude,
    granet,
    guided_exploration,
    importance_pruning,
    in_time,
    lottery_ticket,
    mest,
    mest_soft,
    rigl,
    sparse_evolutionary,
    sparse_momentum,
    srigl,
    static,
)
from gossamer.rewiring.schedules import Constant, Cosine, Cubic, Every, Linear, Never, Sigmoid
from gossamer.rewiring.update import Moved, Update
from gossamer.rewiring.view import Change, LayerView, NetworkView

__all__ = [
    "RULES",
    "Average",
    "ByMagnitude",
    "ByNodes",
    "ByPaths",
    "Change",
    "ChooseDiagonals",
    "ClearWeakNeurons",
    "Constant",
    "ConstantFanIn",
    "Cosine",
    "Cubic",
    "DeepRewire",
    "DropBeyondInitial",
    "DropGroups",
    "DropLeastSalient",
    "DropNearestZero",
    "DropSmallest",
    "DropSoftly",
    "Evenly",
    "Every",
    "FirstDue",
    "Follows",
    "GrowBeyond",
    "GrowGradient",
    "GrowGroups",
    "GrowGuided",
    "GrowHebbian",
    "GrowHebbianSoftly",
    "GrowMomentum",
    "GrowNothing",
    "GrowRandom",
    "KeepAll",
    "KeepAllEdges",
    "KeepCounts",
    "KeepDead",
    "LayerView",
    "Linear",
    "LotteryTicket",
    "Moved",
    "NetworkView",
    "Never",
    "Normal",
    "Recipe",
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
    "average_gradients",
    "cht",
    "chts",
    "chtss",
    "deep_rewiring",
    "diagonals",
    "gradual_magnitude",
    "granet",
    "guided_exploration",
    "importance_pruning",
    "in_groups",
    "in_time",
    "lottery_ticket",
    "mest",
    "mest_soft",
    "rigl",
    "rigl_in_groups",
    "sparse_evolutionary",
    "sparse_evolutionary_in_groups",
    "sparse_momentum",
    "srigl",
    "static",
]
