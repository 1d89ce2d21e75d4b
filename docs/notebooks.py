"""Executes the notebooks of the site and keeps what they show: `python docs/notebooks.py`, half a minute.

Jupyter runs them too; here plain Python does, which needs no kernel: a cell's prints, and its last value as a picture
(axes), as HTML (`_repr_html_`) or as text. `tests/docs/test_notebooks.py` executes them again.
"""

import ast
import base64
import contextlib
import io
import json
import os
import tempfile
from pathlib import Path

HERE = Path(__file__).parent / "notebooks"
DPI = 80


def main():
    """Execute every notebook in a folder of its own, and write it back."""
    for path in sorted(HERE.glob("*.ipynb")):
        notebook = json.loads(path.read_text(encoding="utf-8"))
        with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
            executed = execute(notebook, name=path.name)
        text = json.dumps(executed, indent=1, ensure_ascii=False) + "\n"
        path.write_text(text, encoding="utf-8")
        print(f"{path.name}: {len(text) / 1000:.0f} KB")


def execute(notebook, *, name="notebook"):
    """The notebook with the outputs of all its cells, run in order in one namespace.

    What a cell raises is raised, with the number of the cell.
    """
    namespace, cells = {"__name__": "__main__"}, []
    for number, cell in enumerate(notebook["cells"], 1):
        if cell["cell_type"] != "code":
            cells.append(cell)
            continue
        try:
            outputs = run("".join(cell["source"]), namespace)
        except Exception as error:
            error.add_note(f"in cell {number} of {name}")
            raise
        count = sum(each["cell_type"] == "code" for each in cells) + 1
        for output in outputs:
            if output["output_type"] == "execute_result":
                output["execution_count"] = count
        cells.append(cell | {"execution_count": count, "outputs": outputs})
    return notebook | {"cells": cells}


def run(source, namespace):
    """The outputs of one cell: what it prints, and the value of its last expression."""
    tree = ast.parse(source)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    printed, value = io.StringIO(), None
    with contextlib.redirect_stdout(printed):
        exec(compile(tree, "<cell>", "exec"), namespace)
        if last is not None:
            value = eval(compile(ast.Expression(last.value), "<cell>", "eval"), namespace)
    text = printed.getvalue()
    outputs = [{"output_type": "stream", "name": "stdout", "text": lines(text)}] if text else []
    ends_quietly = source.rstrip().endswith(";")
    return outputs if value is None or ends_quietly else [*outputs, shown(value)]


def shown(value):
    """A value as Jupyter would keep it."""
    figure = getattr(value, "figure", value)
    if hasattr(figure, "savefig"):
        data = {"image/png": base64.b64encode(png(figure)).decode(), "text/plain": ["a figure"]}
        return {"output_type": "display_data", "data": data, "metadata": {}}
    data = {"text/plain": lines(repr(value))}
    if hasattr(value, "_repr_html_"):
        data["text/html"] = lines(value._repr_html_())
    return {"output_type": "execute_result", "data": data, "metadata": {}}


def png(figure):
    """The bytes of a small PNG of a figure, of 128 colours."""
    from PIL import Image

    drawn, kept = io.BytesIO(), io.BytesIO()
    figure.savefig(drawn, format="png", dpi=DPI)
    Image.open(drawn).convert("RGB").quantize(128).save(kept, "PNG", optimize=True)
    return kept.getvalue()


def lines(text):
    """Text as notebooks keep it."""
    return text.splitlines(keepends=True)


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
