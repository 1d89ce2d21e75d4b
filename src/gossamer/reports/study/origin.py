"""Where a study's numbers come from: widths, epochs and seeds, the data, the machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gossamer.analysis.groups import Results, text

if TYPE_CHECKING:
    from gossamer.reports.study.material import Material


def lead(results: Results, material: Material) -> str:
    """One or two sentences: what is compared, over what, and how it was trained."""
    names = list(dict.fromkeys(group.name for group in results.groups))
    shown = ", ".join(names[:10]) + (f" and {len(names) - 10} more" if len(names) > 10 else "")
    panels = [panel for panel in results.panels if panel]
    over = f", over {'; '.join(panels[:6])}{' and more' if len(panels) > 6 else ''}" if panels else ""
    return f"{shown}{over}. {_trained(results, material)}".strip()


def source(results: Results, material: Material) -> str:
    """The data with their licence, and the versions and the machine of the first run; nothing if it does not say."""
    first = results.groups[0].first
    config, made = material.config(first) or {}, material.environment(first) or {}
    data = ", ".join(str(config[name]) for name in ("data", "source", "licence") if config.get(name))
    tools = [f"{title} {made[name]}" for name, title in _TOOLS.items() if made.get(name)]
    machine = [str(made[name]) for name in ("processor", "kernels") if made.get(name)]
    threads = [f"{made['threads']} thread(s)"] if made.get("threads") else []
    trained = ", ".join([*tools, *machine, *threads])
    return " ".join([*([f"Data: {data}."] if data else []), *([f"Trained with {trained}."] if trained else [])])


_TOOLS = {"gossamer": "Gossamer", "torch": "PyTorch", "numpy": "NumPy", "python": "Python"}


def _trained(results: Results, material: Material) -> str:
    """Such as "64-64-64-10, 20 epochs, 3 seeds."; what varies is left out."""
    configs = [material.config(group.first) or {} for group in results.groups]
    said = [_only({"-".join(map(str, config.get("widths", ()))) for config in configs}, "{}")]
    said.append(_only({text(value) for value in results.done.get("epochs", ())}, "{} epochs"))
    said.append(_only({str(len(group.runs)) for group in results.groups}, "{} seeds"))
    known = [each for each in said if each]
    return f"{', '.join(known)}." if known else ""


def _only(values: set[Any], form: str) -> str:
    """The value, if there is one alone."""
    return form.format(*values) if len(values) == 1 and next(iter(values)) else ""
