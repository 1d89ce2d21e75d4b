"""The figures of the study."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gossamer.analysis.tables import means
from gossamer.papers.connectivity.plan import ConnectivityPlan
from gossamer.papers.connectivity.rivals import compared
from gossamer.papers.connectivity.tables import MEASURED, Tables, reached
from gossamer.papers.exhibit import Exhibit, Lines

if TYPE_CHECKING:
    import pandas as pd

BARS = "Points are means over seeds, bars their 95 % intervals."
ACCURACY = "test accuracy"


def exhibits(tables: Tables, plan: ConnectivityPlan) -> tuple[Exhibit, ...]:
    """All of them."""
    deep = _deep(tables.deep, plan), *_rivals(tables, plan)
    return (*turned(tables.dialled, plan), *deep, *observed(tables), *_recipe(tables.recipe, plan))


def turned(dialled: pd.DataFrame, plan: ConnectivityPlan) -> tuple[Exhibit, ...]:
    """Of the intervention."""
    return _levels(dialled, plan), _differences(dialled, plan), _dial(plan)


def _levels(dialled: pd.DataFrame, plan: ConnectivityPlan) -> Exhibit:
    table = means(_placed(dialled, plan), ["panel", "topology", "place", "degrees"])
    return Exhibit(
        "C1",
        "Accuracy along the dial",
        "Every neuron keeps its degree; only λ₂ changes, from disconnected modules (left) over shares of a random "
        f"junction's λ₂ and random junctions to optimised ones (right). {BARS}",
        table,
        (Lines("place", "accuracy", "arm of the dial", ACCURACY, "degrees", "panel", "low", "high"),),
    )


def _differences(dialled: pd.DataFrame, plan: ConnectivityPlan) -> Exhibit:
    placed = _placed(dialled, plan)
    base = placed[placed["topology"] == "random"].set_index(["panel", "degrees", "seed"])["accuracy"]
    keys = list(zip(placed["panel"], placed["degrees"], placed["seed"], strict=True))
    placed = placed.assign(difference=placed["accuracy"].to_numpy() - base.reindex(keys).to_numpy())
    table = means(placed[placed["topology"] != "random"], ["panel", "topology", "place", "degrees"], "difference")
    return Exhibit(
        "C2",
        "Differences to random junctions",
        f"Seed by seed, which share weights' draws, pixels' order and the order of examples. {BARS} Within ± .002 they "
        "are called equal.",
        table,
        (Lines("place", "difference", "arm", "accuracy less random", "degrees", "panel", "low", "high"),),
        shown=True,
    )


def _dial(plan: ConnectivityPlan) -> Exhibit:
    table = reached(plan)
    table["curve"] = [f"{row.inputs} x {row.outputs}, degree {row.degree}" for row in table.itertuples()]
    table["place"] = [plan.arms.index(arm) for arm in table["arm"]]
    return Exhibit(
        "C3",
        "The dial turns",
        "λ₂ of the first junction at every arm. Nothing is trained.",
        table,
        (Lines("place", "connectivity", "arm", "algebraic connectivity λ₂", "curve"),),
        shown=True,
    )


def _deep(deep: pd.DataFrame, plan: ConnectivityPlan) -> Exhibit:
    placed = deep.assign(
        panel=[f"{depth} hidden layers" for depth in deep["depth"]],
        place=[plan.arms.index(arm) for arm in deep["topology"]],
        degrees=[f"degree {degree:g}" for degree in deep["degree"]],
    )
    return Exhibit(
        "C4",
        "Where paths are few",
        f"Many layers of {plan.deep_hidden} neurons with two or three edges each. {BARS}",
        means(placed, ["panel", "topology", "place", "degrees"]),
        (Lines("place", "accuracy", "arm of the dial", ACCURACY, "degrees", "panel", "low", "high"),),
        shown=True,
    )


def _rivals(tables: Tables, plan: ConnectivityPlan) -> tuple[Exhibit, ...]:
    if not plan.deep:
        return ()
    return (
        Exhibit(
            "C4-rivals",
            "What else tells deep networks that train from those that do not",
            "Rank correlation with accuracy of the arm's place on the dial, of the share of inputs that reach an "
            "output (receptive field) and of the flow of gradients before training, the first junction's over the last "
            "one's; over all networks of equal degrees and depth, and within arms, over seeds. All of them have as "
            "many paths. These decide no claim.",
            compared(tables.deep, tables.rivals, plan),
            shown=True,
        ),
        Exhibit("C4-networks", "The deep networks before training", "One row a network.", tables.rivals),
    )


def _recipe(recipe: pd.DataFrame, plan: ConnectivityPlan) -> tuple[Exhibit, ...]:
    if not plan.recipe_seeds:
        return ()
    placed = recipe.assign(
        place=[plan.recipe_arms.index(arm) for arm in recipe["topology"]],
        degrees=[f"degree {degree:g}" for degree in recipe["degree"]],
    )
    return (
        Exhibit(
            "C6",
            "The 2017 paper's own recipe at the dial's ends",
            f"Sigmoid units, squared error, Nesterov's momentum, {plan.recipe_epochs} epochs, {plan.recipe_hidden} "
            f"hidden units: from disconnected modules (left) to optimised junctions (right). {BARS}",
            means(placed, ["topology", "place", "degrees"]),
            (Lines("place", "accuracy", "arm", ACCURACY, "degrees", None, "low", "high"),),
            shown=True,
        ),
    )


def observed(tables: Tables) -> tuple[Exhibit, ...]:
    """Of the observation: every measure with accuracy, and the networks."""
    import pandas as pd

    rows = [
        (
            data,
            pixels,
            each.measure,
            each.families,
            each.spearman,
            each.p_value,
            each.p_holm,
            each.held_out_all,
        )
        for (data, pixels), found in tables.associations.items()
        for each in found
    ]
    columns = ["data", "pixels", "measure", "constructions", "ρ", "p", "p, Holm", "held-out R²"]
    runs = tables.observed
    kept = ["data", "pixels", "topology", "degree", "seed", "accuracy", *(name for name in MEASURED if name in runs)]
    return (
        Exhibit(
            "C5",
            "Every measure, over constructions of equal edges",
            "The witness is the construction: p by permuting whole ones across their degrees. Held-out R² is against "
            "the other constructions' mean at equal edges, where all layers are equally dense, so that correlations "
            "with densities held fixed are the same.",
            pd.DataFrame(rows, columns=columns),
            shown=True,
        ),
        Exhibit(
            "C5-runs",
            "The networks that were observed",
            "One row a network.",
            runs[kept] if len(runs) else pd.DataFrame(columns=kept),
        ),
    )


def _placed(dialled: pd.DataFrame, plan: ConnectivityPlan) -> pd.DataFrame:
    return dialled.assign(
        panel=[f"{row.data}, {row.depth} hidden" for row in dialled.itertuples()],
        place=[plan.arms.index(arm) for arm in dialled["topology"]],
        degrees=[f"degree {degree:g}" for degree in dialled["degree"]],
    )
