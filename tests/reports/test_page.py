"""Reports: what is on the page, that it is safe, and that it opens offline."""

import json
import re
import shutil
from html.parser import HTMLParser

import numpy as np
import pytest

import gossamer as gs
from gossamer.reports import page
from gossamer.reports.comparison import comparison_page, rank_correlations
from gossamer.studies.comparison import Comparison, Trial, summarise
from gossamer.training.data import load

NASTY = "</script><script>alert('x')</script><img src=http://example.invalid/x.png>&\""


def comparison():
    names = ("erdos_renyi", "fibonacci", "rotating_even")
    families = {name: gs.generators.named(name) for name in names}
    return Comparison(load("digits"), families, degrees=(2, 4), seeds=(0, 1), hidden=(64,))


def trials(names=("erdos_renyi", "fibonacci", "rotating_even")):
    rng = np.random.default_rng(0)
    made = [Trial("dense", None, seed, 4736, 0, 18944, 64.0, 0, 0.93 + seed / 100, 1.0) for seed in (0, 1)]
    for seed in (0, 1):
        for degree in (2, 4):
            for name in names:
                accuracy, connectivity = rng.random(2)
                made.append(Trial(name, degree, seed, 64 * degree, 16, 1000, connectivity, 3, accuracy, 0.5))
    return made


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
    return comparison_page(comparison(), trials())


def test_everything_is_on_the_page(text):
    reader = Reader(text)
    assert reader.tags.count("table") == 1
    assert reader.tags.count("tr") == 1 + len(summarise(trials()))
    assert reader.tags.count("img") == 3
    assert len(re.findall('<script type="application/json">', text)) == 2
    assert all(name in reader.data for name in ("erdos_renyi", "fibonacci", "rotating_even", "dense"))


def test_plotly_is_inlined_once_and_nothing_is_asked_for(text):
    from plotly.offline import get_plotlyjs

    assert text.count(get_plotlyjs()) == 1
    assert all(address.startswith("data:") for address in Reader(text).addresses)


def test_figures_show_the_means_and_the_range_of_the_seeds(text):
    figure = json.loads(re.findall('<script type="application/json">(.*?)</script>', text)[0])
    summary = next(s for s in summarise(trials()) if s.first.construction == "fibonacci" and s.first.degree == 4)
    line = next(trace for trace in figure["data"] if trace["name"] == "fibonacci")
    accuracies = [100 * trial.accuracy for trial in summary.trials]
    assert line["y"][1] == pytest.approx(np.mean(accuracies))
    assert line["y"][1] + line["error_y"]["array"][1] == pytest.approx(max(accuracies))
    assert line["y"][1] - line["error_y"]["arrayminus"][1] == pytest.approx(min(accuracies))


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


def test_rank_correlations_are_scipys():
    from scipy.stats import spearmanr

    summaries = summarise(trials())
    for degree, value in rank_correlations(summaries).items():
        group = [summary for summary in summaries if summary.first.degree == degree]
        expected = spearmanr([s.connectivity for s in group], [s.accuracy for s in group]).statistic
        assert value == pytest.approx(expected)


def test_a_constant_has_no_rank_correlation():
    same = [Trial(name, 2, 0, 1, 1, 1, 0.0, 0, 0.5, 1.0) for name in "ab"]
    assert np.isnan(rank_correlations(summarise(same))[2])


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
    cells = tab.locator("tbody tr td:nth-child(8)")
    return [float(cells.nth(number).get_attribute("data-value")) for number in range(cells.count())]
