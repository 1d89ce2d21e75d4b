"""A hook of the site: `<!-- inside: gossamer.nn -->` becomes what a package's modules hold besides its exports.

So every public module is on its package's page, also one that was written after the page.
"""

import functools
import re
from pathlib import Path

import griffe

SOURCE = Path(__file__).parents[2] / "src"
MARKER = re.compile(r"^<!-- inside: (?P<package>[\w.]+)(?: without (?P<other>[\w.]+))? -->$", re.MULTILINE)
DIRECTIVE = re.compile(r"^::: (?P<path>[\w.]+)$", re.MULTILINE)
BLOCK = """::: {path}
    options: {{heading_level: 3, summary: false, members: {members}}}
"""


def on_page_markdown(markdown, **kwargs):
    """Fill in the page that asks; what it names itself is not repeated."""
    named = {found["path"] for found in DIRECTIVE.finditer(markdown)}
    return MARKER.sub(lambda found: "\n".join(blocks(found["package"], named, found["other"])), markdown)


@functools.cache
def tree():
    """The package, read but not imported."""
    return {module.path: module for module in walk(griffe.load("gossamer", search_paths=[SOURCE]))}


def walk(module):
    """A module and all below it, but for private ones."""
    yield module
    for name, each in sorted(module.members.items()):
        if not name.startswith("_") and not each.is_alias and each.is_module:
            yield from walk(each)


def blocks(package, named, other=None):
    """A directive for each module of a package that holds something of its own, but for those of another page."""
    for module in walk(tree()[package]):
        if other is not None and f"{module.path}.".startswith(f"{other}."):
            continue
        members = [] if module.path in named else [n for n, each in own(module) if each.path not in named]
        if members:
            yield BLOCK.format(path=module.path, members=members)


def own(module):
    """(name, object) of what a module exports, or defines for others and its packages do not export."""
    exports = {str(name) for name in module.exports or ()}
    for name, each in module.members.items():
        if each.is_alias:
            public = name in exports
        else:
            documented = not name.startswith("_") and not each.is_module and each.docstring is not None
            public = documented and each.path not in exported(module)
        if public:
            yield name, each


def exported(module):
    """Paths of what the packages around a module export, where no module of that name hides it."""
    paths = set()
    while module.parent is not None:
        module = module.parent
        members = [module.members[str(name)] for name in module.exports or () if str(name) in module.members]
        paths |= {each.target_path for each in members if each.is_alias}
    return paths


if __name__ == "__main__":  # python docs/site/modules.py shows what is inside of every package
    print(*blocks("gossamer", set()), sep="\n")
