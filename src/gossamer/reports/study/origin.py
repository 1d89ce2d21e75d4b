"""Where a study's numbers come from: widths, epochs and seeds, the data, the machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gossamer.analysis.groups import Results, text

if TYPE_CHECKING:
    from gossamer.reports.study.material import Material


def lead(results: Results, material: Material) -> str:
    """Two or three sentences: what is compared, over what, and how it was trained."""
    names = list(dict.fromkeys(group.name for group in results.groups if group.sparse))
    shown = _listed(names[:10]) + (f" and {len(names) - 10} more" if len(names) > 10 else "")
    controls = [words for words, has in _controls(results) if has]
    beside = f", beside {' and '.join(controls)}" if controls and names else ""
    what = f"This study compares {_listed(controls) if not names else shown}{beside}."
    panels = [panel for panel in results.panels if panel]
    over = f" It does so for {'; '.join(panels[:6])}{' and more' if len(panels) > 6 else ''}." if panels else ""
    return f"{what}{over} {_trained(results, material)}".strip()


def _controls(results: Results) -> list[tuple[str, bool]]:
    return [
        ("the fully connected network", any(group.dense for group in results.groups)),
        ("narrow fully connected networks of as many edges", any(group.narrow for group in results.groups)),
    ]


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}" if names else ""


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
    """Such as "Networks have the widths 64-64-10 and were trained for 20 epochs."; nothing that varies."""
    configs = [material.config(group.first) or {} for group in results.groups]
    sparse = [config for config, group in zip(configs, results.groups, strict=True) if not group.narrow] or configs
    widths = _only({"-".join(map(str, config.get("widths", ()))) for config in sparse}, "have the widths {}")
    epochs = _only({text(value) for value in results.done.get("epochs", ())}, "were trained for {} epochs")
    seeds = _only({str(len(group.runs)) for group in results.groups}, "{} seeds each")
    said = " and ".join(each for each in (widths, epochs) if each)
    known = ", ".join(each for each in (said, seeds if said else seeds and f"were trained with {seeds}") if each)
    return f"Networks {known}.".replace(" 1 seeds", " one seed") if known else ""


def _only(values: set[Any], form: str) -> str:
    """The value, if there is one alone."""
    return form.format(*values) if len(values) == 1 and next(iter(values)) else ""
