"""Reports: what is on the page, that it is safe, and that it opens offline."""

import re
import shutil
from html.parser import HTMLParser

import numpy as np
import pytest

import gossamer as gs
from gossamer.reports import figures, page

NAMES = ("erdos_renyi", "fibonacci", "regular_random")
NASTY = "</script><script>alert('x')</script><img src=http://example.invalid/x.png>&\""


class Reader(HTMLParser):
    """Collects the elements, their addresses, and the text of the page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.addresses, self.data = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.addresses += [value for name, value in attributes if name in ("src", "href")]

    def handle_data(self, data):
        self.data.append(data)


@pytest.fixture(scope="module")
def text():
    """A page of two figures, three pictures and a table."""
    rng = np.random.default_rng(0)
    networks = {name: gs.generators.named(name).with_edges(32, 32, 256, rng=rng) for name in NAMES}
    series = [figures.Series(name, [2, 4], [1.0, len(name)]) for name in NAMES]
    plots = [figures.lines(series, x="degree", y=y) for y in ("accuracy", "seconds")]
    rows = [[(name, name), (f"{value:.2f}", value)] for name, value in zip(NAMES, (0.5, 0.25, 0.75), strict=True)]
    parts = [
        page.section("Figures", "", *(page.figure(plot) for plot in plots)),
        page.pictures({name: (g, f"{g.num_edges} edges") for name, g in networks.items()}),
        page.section("Numbers", "", page.table(("construction", "accuracy"), rows)),
    ]
    return page.page("Networks", "", parts)


def test_everything_is_on_the_page(text):
    reader = Reader(text)
    assert reader.tags.count("table") == 1
    assert reader.tags.count("tr") == 1 + len(NAMES)
    assert reader.tags.count("img") == 3
    assert len(re.findall('<script type="application/json">', text)) == 2
    assert all(name in reader.data for name in NAMES)


def test_plotly_is_inlined_once_and_nothing_is_asked_for(text):
    from plotly.offline import get_plotlyjs

    assert text.count(get_plotlyjs()) == 1
    assert all(address.startswith("data:") for address in Reader(text).addresses)


def test_all_text_is_escaped():
    g = gs.Bipartite.from_mask(np.eye(3))
    import plotly.graph_objects as go

    parts = [
        page.section(NASTY, NASTY, page.table([NASTY], [[(NASTY, NASTY)]])),
        page.facts({NASTY: NASTY}),
        page.pictures({NASTY: (g, NASTY)}),
        page.figure(go.Figure(go.Scatter(x=[1], y=[1], name=NASTY))),
        page.footer(NASTY),
    ]
    reader = Reader(page.page(NASTY, NASTY, parts))
    assert reader.tags.count("script") == 4  # the figure, Plotly, and the page's own two
    assert reader.tags.count("img") == 1
    assert not [address for address in reader.addresses if "example" in address]


@pytest.mark.skipif(shutil.which("chromium") is None, reason="no chromium on this machine")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_opens_offline_in_a_browser(text, tmp_path, scheme):
    sync_api = pytest.importorskip("playwright.sync_api")
    path = tmp_path / "report.html"
    path.write_text(text, encoding="utf-8")
    flags = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")
    messages, requests = [], []
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=[*flags, "--disable-sync"])
        tab = browser.new_page(color_scheme=scheme)
        tab.on("console", lambda message: messages.append(message.text))
        tab.on("pageerror", lambda error: messages.append(str(error)))
        tab.on("request", lambda request: requests.append(request.url))
        tab.goto(path.as_uri())
        tab.wait_for_selector(".plot .legend")
        plots = tab.locator(".plot .main-svg").count()
        header = tab.locator("th button", has_text="accuracy")
        header.click()
        ascending = _column(tab)
        header.click()
        descending = _column(tab)
        paper = tab.evaluate("getComputedStyle(document.body).backgroundColor")
        browser.close()
    assert messages == []
    assert [url for url in requests if not url.startswith(("file:", "data:", "blob:"))] == []
    assert plots >= 2
    assert ascending == sorted(ascending)
    assert descending == ascending[::-1]
    assert (max(map(int, re.findall(r"\d+", paper))) < 60) == (scheme == "dark")


def _column(tab):
    cells = tab.locator("tbody tr td:nth-child(2)")
    return [float(cells.nth(number).get_attribute("data-value")) for number in range(cells.count())]
