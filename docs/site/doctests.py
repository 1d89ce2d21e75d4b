"""An extension of griffe for the site: doctests that stand outside of an Examples section are shown as code."""

import re

import griffe

DOCTEST = re.compile(r"^>>> .*?(?=\n\s*\n(?!>>> )|\Z)", re.DOTALL | re.MULTILINE)


def fenced(text):
    """The docstring with every run of doctests in a fence."""
    return DOCTEST.sub(lambda found: f"```pycon\n{found[0].rstrip()}\n```", text)


class Doctests(griffe.Extension):
    """Fences the doctests of every docstring."""

    def on_object(self, *, obj, **kwargs):
        """Change the docstring before it is parsed."""
        if obj.docstring is not None:
            obj.docstring.value = fenced(obj.docstring.value)
