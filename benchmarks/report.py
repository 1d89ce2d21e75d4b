"""Prints timings as tables of ratios to the first contender, and keeps them as JSON if asked."""

import json
from pathlib import Path

from rich.console import Console
from rich.table import Table

from gossamer.timing.environment import environment_line


class Report:
    """Tables on the screen, and a file at the end."""

    def __init__(self, title, options):
        self.console = Console(width=110)
        self.results = {"title": title, "environment": environment_line(), "options": vars(options), "sections": []}
        self.path = options.json
        self.console.print(f"[bold]{title}[/bold]\n{environment_line()}", highlight=False)

    def section(self, title, timings, bound=None, **facts):
        """One table; `bound` is the ratio that arithmetic alone would allow, `facts` are kept with it."""
        first = next(iter(timings.values()))
        columns = ["", "min ms", "median ms", "ratio (min)", "ratio (median)"]
        table = Table(*columns, *([f"of the bound {bound:g}"] if bound else []), title=f"{title} (n={first.rounds})")
        for name, timing in timings.items():
            ratios = first.minimum / timing.minimum, first.median / timing.median
            share = [f"{100 * ratios[0] / bound:.0f} %"] if bound else []
            cells = [f"{1e3 * timing.minimum:.3f}", f"{1e3 * timing.median:.3f}", *(f"{r:.2f}" for r in ratios), *share]
            table.add_row(name, *cells)
        self.console.print(table)
        rows = {name: [timing.minimum, timing.median, timing.rounds] for name, timing in timings.items()}
        self.results["sections"].append({"title": title, "bound": bound, **facts, "seconds": rows})

    def close(self):
        """Write the JSON file."""
        if self.path:
            with Path(self.path).open("w") as file:
                json.dump(self.results, file, indent=1)
