"""The page of a study in a browser: filters, sorting, choices, and a phone."""

import csv
import json
import shutil

import pytest
from tests.reports.fabricated import FORMULA, NASTY

FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")


@pytest.fixture(scope="module")
def browser():
    if shutil.which("chromium") is None:
        pytest.skip("no chromium on this machine")
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=[*FLAGS, "--disable-sync"])
        yield found
        found.close()


class Tab:
    """The page in a tab, and what it said and asked for."""

    def __init__(self, browser, path, **options):
        self.messages, self.requests = [], []
        self.page = browser.new_page(**options)
        self.page.on("console", lambda message: self.messages.append(message.text))
        self.page.on("pageerror", lambda error: self.messages.append(str(error)))
        self.page.on("dialog", lambda dialog: self.messages.append(dialog.message))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(path.as_uri())
        self.page.wait_for_selector(".plot[data-drawn]")

    def close(self):
        self.page.close()
        assert self.messages == []
        assert [url for url in self.requests if not url.startswith(("file:", "data:", "blob:"))] == []


@pytest.fixture(scope="module")
def path(text, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(text, encoding="utf-8")
    return path


def test_filters_sorting_csv_and_configs_work(browser, path, study):
    tab = Tab(browser, path, viewport={"width": 1200, "height": 900})
    page, rows = tab.page, tab.page.locator("#runs tbody tr:visible")
    assert rows.count() == 49
    page.locator('#runs select[data-column="1"]').select_option("=done")
    page.locator("#runs label", has_text="degree").locator("select").select_option("=4")
    assert page.locator("#runs output").inner_text() == "13 of 49 runs"
    page.locator("#runs input[type=search]").fill("hyperlink")
    assert rows.count() == 1
    page.locator("#runs input[type=search]").fill("")
    page.locator("#runs th button", has_text="accuracy, %").click()
    with page.expect_download() as waited:
        page.locator("#runs .csv").click()
    table = list(csv.DictReader(waited.value.path().read_text().splitlines()))
    frame = study.frame()
    expected = frame[(frame["state"] == "done") & (frame["degree"] == 4)].sort_values("accuracy")
    assert [row["run"] for row in table] == expected["run"].tolist()
    assert [float(row["accuracy, %"]) for row in table] == pytest.approx((100 * expected["accuracy"]).tolist())
    assert {row["topology"] for row in table} == {"erdos_renyi", "fibonacci", NASTY, f"'{FORMULA}"}
    nasty = frame[(frame["topology"] == NASTY) & (frame["degree"] == 4)]["run"].iloc[0]
    page.locator(f"#runs [data-config='{nasty}']").click()
    assert json.loads(page.locator("dialog pre").inner_text())["labels"]["topology"] == NASTY
    page.locator("dialog .button").click()
    assert not page.locator("dialog").is_visible()
    tab.close()


def test_figures_are_chosen_moved_and_recoloured(browser, path):
    tab = Tab(browser, path, viewport={"width": 1200, "height": 900})
    page = tab.page
    rewiring = page.locator("#rewiring .plot").first
    rewiring.scroll_into_view_if_needed()
    page.wait_for_selector("#rewiring .plot[data-drawn]")
    shown = "document.querySelector('#rewiring .plot').data[0].z"
    before = page.evaluate(shown)
    touch = rewiring.locator(".slider-rail-touch-rect")
    box = touch.bounding_box()
    page.mouse.click(box["x"] + box["width"] - 3, box["y"] + box["height"] / 2)
    page.wait_for_function(f"JSON.stringify({shown}) !== {json.dumps(json.dumps(before, separators=(',', ':')))}")
    page.locator("#accuracy").scroll_into_view_if_needed()
    legend = page.locator("#accuracy .legendtext", has_text="onerror").first
    assert legend.text_content().startswith("</script><img src=")
    explore = page.locator("#any-two-numbers")
    explore.scroll_into_view_if_needed()
    page.wait_for_selector("#any-two-numbers .plot[data-drawn]")
    explore.locator('select[data-axis="across"]').select_option("edges")
    explore.locator('select[data-axis="up"]').select_option("seconds")
    layout = "document.querySelector('#any-two-numbers .plot').layout"
    for axis, title in (("xaxis", "edges"), ("yaxis", "seconds of training")):
        page.wait_for_function(f"{layout}.{axis}.title.text === '{title}'")
    drawn = page.evaluate("document.querySelector('#any-two-numbers .plot').data.map((trace) => trace.x.length)")
    assert sum(drawn) == 47
    page.locator("#speed-and-memory label", has_text="model").click()
    page.wait_for_selector("#speed-and-memory .choice > div:nth-of-type(2) .plot[data-drawn]")
    assert page.locator("#speed-and-memory .plot:visible").count() == 1
    paper = "document.querySelector('#accuracy .plot').layout.paper_bgcolor"
    light = page.evaluate(paper)
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(f"{paper} !== '{light}'")
    with page.expect_download() as waited:
        page.locator("#accuracy .png").first.click()
    assert waited.value.suggested_filename == "accuracy-degree.png"
    assert waited.value.path().read_bytes().startswith(b"\x89PNG")
    tab.close()


def test_it_fits_a_phone(browser, path):
    tab = Tab(browser, path, viewport={"width": 380, "height": 800})
    assert tab.page.evaluate("document.documentElement.scrollWidth") == 380
    wide = "[...document.querySelectorAll('section')].filter((s) => s.getBoundingClientRect().right > 380).length"
    assert tab.page.evaluate(wide) == 0
    tab.close()
