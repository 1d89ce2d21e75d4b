"""A hook of the site: `<!-- notebook: networks.ipynb -->` becomes the notebook's cells with what they showed."""

import json
import re
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "notebooks"
MARKER = re.compile(r"^<!-- notebook: (?P<name>[\w-]+\.ipynb) -->$", re.MULTILINE)


def on_page_markdown(markdown, **kwargs):
    """Fill in the page that asks."""
    return MARKER.sub(lambda found: as_markdown(json.loads((FOLDER / found["name"]).read_text("utf-8"))), markdown)


def as_markdown(notebook):
    """The cells as Markdown: texts as they are, code in blocks, outputs under their cells."""
    return "\n\n".join(part for cell in notebook["cells"] for part in parts(cell))


def parts(cell):
    """One cell."""
    source = "".join(cell["source"])
    if cell["cell_type"] != "code":
        return [source]
    return [f"```python\n{source}\n```", *(part for output in cell["outputs"] for part in [output_of(output)])]


def output_of(output):
    """What a cell showed: a picture, a table or text."""
    if output["output_type"] == "stream":
        return f"```text\n{''.join(output['text']).rstrip()}\n```"
    data = output["data"]
    if "image/png" in data:
        return f'<img class="output" alt="what the cell drew" src="data:image/png;base64,{data["image/png"]}">'
    if "text/html" in data:
        return f'<div class="output">{"".join(data["text/html"])}</div>'
    return f"```text\n{''.join(data['text/plain'])}\n```"
