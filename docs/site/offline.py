"""A hook of the site: the build fails if a page would ask the network for anything when it is opened."""

import re
from html.parser import HTMLParser
from pathlib import Path

from mkdocs.exceptions import PluginError

LOADED = {"src", "srcset", "poster", "data"}  # attributes whose address is fetched, whatever the tag
CSS = re.compile(r"""(?:url\(|@import)\s*["']?(https?:)?//""")


def on_post_build(config, **kwargs):
    """Look at every page and style."""
    site = Path(config["site_dir"])
    asked = [f"{page.relative_to(site)}: {each}" for page in sorted(site.rglob("*.html")) for each in requests_of(page)]
    asked += [str(sheet.relative_to(site)) for sheet in site.rglob("*.css") if CSS.search(sheet.read_text("utf-8"))]
    if asked:
        raise PluginError("the site must ask the network for nothing, but:\n" + "\n".join(asked))


def requests_of(page):
    """The outside addresses that a browser would fetch on its own."""
    parser = Loaded()
    parser.feed(page.read_text("utf-8"))
    return [address for address in parser.addresses if re.match(r"(https?:)?//", address)]


class Loaded(HTMLParser):
    """Collects what the tags of a page load; what a reader must click does not count."""

    def __init__(self):
        super().__init__()
        self.addresses = []

    def handle_starttag(self, tag, attrs):
        """Note what this tag loads."""
        fetched = LOADED | ({"href"} if tag in ("link", "image", "use") else set())
        self.addresses += [value for name, value in attrs if name in fetched and value]
