"""A hook of the site: comments like `<!-- results: steps SGD -->` become tables of the result files at build time.

So a page never disagrees with the files that the benchmarks wrote, and nobody has to write it anew.
"""

import csv
import importlib.util
import json
import re
import statistics
import sys
from pathlib import Path

DOCS = Path(__file__).parents[1]
RESULTS = DOCS / "results"
MARKER = re.compile(r"^<!-- results: (?P<words>.*?) -->$", re.MULTILINE)
PAGES = {"index", "accuracy", "speed", "reproductions", "probes", "connectivity", "groups", "from-scratch"}


def on_page_markdown(markdown, **kwargs):
    """Fill in what the page asks for."""
    return MARKER.sub(lambda found: filled(*found["words"].split(maxsplit=1)), markdown)


def filled(kind, *words):
    """The Markdown of one marker."""
    return KINDS[kind](*words)


def read(name):
    """One result file."""
    return json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))


def table(head, rows, texts=1):
    """A Markdown table whose first columns are texts and whose others are numbers."""
    lines = [head, ["---"] * texts + ["---:"] * (len(head) - texts), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def race(words):
    """`FILE TITLE...`: minimum and median milliseconds of every contender, in the sections whose title begins so."""
    name, _, title = words.partition(" ")
    parts = [section for section in read(name)["sections"] if section["title"].startswith(title)]
    if not parts:
        raise ValueError(f"{name}.json has no section that begins with {title!r}.")
    heads = [part["title"].rpartition(", ")[2] for part in parts]
    contenders = [each for each in parts[0]["seconds"] if all(each in part["seconds"] for part in parts)]
    rows = [[each, *(milliseconds(part["seconds"][each]) for part in parts)] for each in contenders]
    return table(["ms, minimum (median)", *heads], rows)


def updates(name):
    """`FILE`: milliseconds of its first section, a column a contender, and what each adds to the first one."""
    contenders = read(name)["sections"][0]["seconds"]
    still, *moving = contenders.values()
    added = [" (".join(f"{100 * (found[k] / still[k] - 1):+.1f} %" for k in (0, 1)) + ")" for found in moving]
    rows = [["ms", *map(milliseconds, contenders.values())], ["added", "", *added]]
    return table(["", *contenders], rows)


def milliseconds(seconds):
    """Minimum and median, three digits each."""
    low, median = (f"{1000 * value:.3g}" if value < 1 else f"{1000 * value:.0f}" for value in seconds[:2])
    return f"{low} ({median})"


def environment(name):
    """What FILE was measured with."""
    found = read(name)
    rounds = sorted({seconds[2] for part in found["sections"] for seconds in part["seconds"].values()})
    return f"*n = {', '.join(map(str, rounds))} interleaved rounds in one process; {found['environment']}.*"


def scaling(name):
    """`FILE`: nanoseconds an edge and sample of every contender, a column a size, and the last size over the first."""
    parts = read(name)["sections"]
    rows = []
    for each in parts[0]["seconds"]:
        found = [[1e9 * value / part["work"] for value in part["seconds"][each][:2]] for part in parts]
        cells = [f"{low:.3g} ({median:.3g})" for low, median in found]
        rows.append([each, *cells, f"{found[-1][0] / found[0][0]:.1f}"])
    return table(["ns, minimum (median)", *(part["title"] for part in parts), "last / first"], rows)


def bound(name):
    """`FILE`: nanoseconds an edge and sample of both passes, and what the bytes alone take at the rate of a copy."""
    (part,) = read(name)["sections"]
    rows = {}
    for each, floor in part["floors"].items():
        junction = each.partition(": ")[0]
        found = part["seconds"][each][0] / part["work"]
        rows.setdefault(junction, [junction]).extend(
            [f"{1e9 * found:.3f}", f"{1e9 * floor:.3f}", f"{floor / found:.0%}"]
        )
    heads = [f"{which}{what}" for which in ("forward", "backward") for what in (", ns", ", its bytes", " of the rate")]
    rate = f"A copy moves {1e-9 * part['bytes_a_second']:.1f} GB/s, read and written."
    return table([part["title"], *heads], rows.values()) + f"\n\n*{rate}*"


def epoch():
    """`epoch.json`: seconds of an epoch."""
    seconds = read("epoch")["seconds"]
    least = {name: min(values) for name, values in seconds.items()}
    rows = [[name, f"{value:.2f}", f"{least['dense'] / value:.2f}"] for name, value in least.items()]
    return table(["", "seconds", "times dense"], rows)


def sizes(name):
    """Bytes of each contender's file, by sparsity."""
    found = read(name)["bytes"]
    first = next(iter(found.values()))
    return table(["bytes", *found], [[each, *(f"{part[each]:,}" for part in found.values())] for each in first])


def challenge(name):
    """What `benchmarks/graph_challenge.py` kept."""
    found = read(name)
    rows = [
        [
            each,
            f"{min(seconds):.2f}",
            f"{statistics.median(seconds):.2f}",
            len(seconds),
            f"{found['rates'][each] / 1e9:.3g}",
        ]
        for each, seconds in found["seconds"].items()
    ]
    rate = next(iter(found["rates"].values()))
    told = (
        f"{found['net']}, {found['images']:,} images, {found['of']}, {found['entries']:,} entries; "
        f"{found['rows']:,} rows are left, scipy agrees on the first {found['checked']:,}"
    )
    if "same" in found:
        told += f"; {found['same']:,} of them are among the official answer's {found['official_rows']:,}"
    told += (
        f". All work done is {rate / found['dense_rate']:.0%} of the rate of a dense product. {found['environment']}."
    )
    return table(["", "seconds, minimum", "median", "n", "giga-edges/s"], rows) + f"\n\n*{told}*"


def accuracy():
    """`accuracy.jsonl`: what the networks of one per cent of the edges reached, and the candidates that were tried."""
    module = script("accuracy_page")
    lines = module.kept()
    return "\n\n".join((module.table(lines), "Every candidate that was tried:", module.candidates(lines)))


def benchmark(name):
    """The table that `benchmarks/NAME.py` prints of the runs in `NAME.jsonl`."""
    module = script(name)
    return module.table(module.kept(RESULTS / f"{name}.jsonl"))


def frontier():
    """`frontier.jsonl`: what every contender reached, and who beats whom."""
    module = script("frontier_page")
    lines = module.kept(RESULTS / "frontier.jsonl")
    return "\n\n".join((module.spans(lines), module.verdicts(lines), module.table(lines)))


def script(name):
    """`benchmarks/NAME.py` as a module."""
    folder = str(DOCS.parent / "benchmarks")
    spec = importlib.util.spec_from_file_location(name, f"{folder}/{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, folder)
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(folder)
    return module


def from_scratch(name):
    """What `benchmarks/from_scratch.py NAME` prints of the runs in `NAME.jsonl`, or `answer` of all."""
    return script("from_scratch").answer() if name == "answer" else script("from_scratch").page(name)


def reproductions():
    """Each reproduction whose `results.json` lies here, under whatever name: its claims and their verdicts."""
    found = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(RESULTS.rglob("*.json"))]
    parts = [reproduction(each) for each in found if each.get("format") == "gossamer reproduction"]
    return "\n\n".join(parts) or "No verdicts have been committed yet."


def reproduction(found):
    """What became of one paper's claims."""
    measured = ["our numbers, with 95 % intervals", "verdict", "p, Holm", "under"]
    head = ["data", "claim, in the paper's words", "figure", *measured]
    rows = [
        [
            line(claim.get("data", "")),
            line(claim["words"]),
            claim["exhibit"],
            numbers(claim["estimates"]),
            f"**{claim['verdict']}**",
            corrected(claim),
            line(claim.get("condition") or claim.get("missing") or ""),
        ]
        for claim in found["claims"]
    ]
    hours = found["seconds_of_training"] / 3600
    failed = f", {len(found['failures'])} runs without a result" if found["failures"] else ""
    made = f"{commands(found)}, {hours:.1f} hours of training{failed}; every number is in `results.json`."
    return f"### {line(found['paper']['title'])}{sized(found)}\n\n{table(head, rows, texts=7)}\n\n*{made}*"


def commands(found):
    """What gives the numbers: the command, and what those of the parts that were joined to it add; hours are of all."""
    start = f"gossamer reproduce {found['paper'].get('name', '')} "
    joined = [f"`{each['command'].removeprefix(start)}`" for each in found.get("joined", [])]
    return f"`{found['command']}`" + (f", joined {' and '.join(joined)}" if joined else "")


def sized(found):
    """What a title says of a reproduction that is not of the usual size."""
    return {
        "large cut": ", at full size, cut",
        "large followup": ", at full size, again",
        "large long": ", at full size, longer",
    }.get(found["size"], "")


def verdicts(name):
    """The claims of the reproduction that lies in this folder."""
    return reproduction(read(f"{name}/results"))


def exhibit(words):
    """`FOLDER KEY`: the numbers under one figure of a reproduction."""
    folder, key = words.split()
    with (RESULTS / folder / "data" / f"{key}.csv").open(encoding="utf-8", newline="") as file:
        head, *rows = csv.reader(file)
    texts = sum(all(not is_number(row[k]) for row in rows) for k in range(len(head)))
    return table(head, [[shown(each) for each in row] for row in rows], texts=texts)


def is_number(text):
    """Whether a cell of a CSV file is a number, or the lack of one."""
    return re.fullmatch(r"|[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?|nan", text) is not None


def shown(text):
    """Three digits of a number."""
    return digits(float(text) if text else None) if is_number(text) else line(text)


def corrected(claim):
    """The p-value after Holm's correction; nothing for what is exact or not tested."""
    value = claim.get("p_holm")
    return "" if value is None else f"{value:.2g}"


def numbers(estimates):
    """What was estimated: value and interval, each on a line of its own."""
    shown = (f"{line(e['what'])}: {digits(e['value'])} [{digits(e['low'])}, {digits(e['high'])}]" for e in estimates)
    return "<br>".join(shown)


def digits(value):
    """Three digits; null stands for what is not finite."""
    return "–" if value is None else f"{value:.3g}"


def line(text):
    """Text that a table holds and in which nothing is markup."""
    return re.sub(r"([\\`*_{}\[\]<>|])", r"\\\1", " ".join(str(text).split()))


def reports():
    """Links to the report pages, and to the notes on them, that lie in this folder."""
    pages = [path.relative_to(RESULTS) for path in sorted(RESULTS.rglob("*.html"))]
    notes = [path.relative_to(RESULTS) for path in sorted(RESULTS.rglob("*.md")) if path.stem not in PAGES]
    links = [f"- [{path.with_suffix('')}]({path}), {(RESULTS / path).stat().st_size / 1e6:.1f} MB" for path in pages]
    links += [f"- [{path.with_suffix('')}, notes]({path})" for path in notes]
    return "\n".join(links) or "None has been committed yet."


KINDS = {
    each.__name__: each
    for each in (
        race,
        updates,
        environment,
        scaling,
        bound,
        epoch,
        sizes,
        challenge,
        accuracy,
        frontier,
        benchmark,
        from_scratch,
        reproductions,
        reports,
        verdicts,
        exhibit,
    )
}

if __name__ == "__main__":  # python docs/site/results.py epoch: shows what a marker becomes
    print(filled(sys.argv[1], *([" ".join(sys.argv[2:])] if sys.argv[2:] else [])))
