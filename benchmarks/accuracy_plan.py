"""What accuracy.py trains: entries, each a row of the table, and their candidate settings. Committed before its runs.

Seven trainings of 20 passes on MNIST, judged by held-out examples, had shown which settings are worth trying: GSE under
Adam was ahead of GSE and CHTs under SGD. Two more candidates of each side (random starts and CHTs; Adam) were cut for
want of processor time when three had run on MNIST, before any test accuracy was seen.

A second round came when the test accuracy of Fashion-MNIST was known, 90.65 %, below the 91.0 % that was wanted. Both
rounds stay. Its rule, fixed before its runs: candidates with mirrored copies, the best of one seed's held-out examples
is trained with five fresh seeds, and test examples are looked at once. It is reached if their mean is at least 91.0 %,
and shown if the whole interval is. Cut, before any test example was looked at, as the machine is shared: 60 passes, not
100, when the first of its runs had come out worse on held-out examples than 60 of the same setting in the first round;
two more tuning seeds for the best two; a second list that joins what gains; RigL, CHTs, edges that stay, smoothed
labels, other rates and batches, and images as they are.

CIFAR-10 JPEG, planned anew before its first run: 16 passes, mirrored copies for both sides, three candidates a side,
chosen by one seed of 8 passes; five sparse seeds and three dense ones. Cut before looking: candidates without copies
and their rows; passes, from 20 to 16; a dense seed that has not ended when the time is over. Reached if the mean of
sparse less dense, paired by seed, is at least a point, and shown if the whole interval is.

CIFAR-10 JPEG, too, has a second round, planned when the first had come out level (60.38 % sparse, with five seeds,
60.31 and 60.04 % dense). New is a start: `planar_field`, whose neurons read patches of the image's plane in all
colours, where `receptive_field` lays pixels in a line. Thirteen trainings with it on held-out examples (16 to 40
passes, one seed) had shown before that it is ahead by several points, that moved copies help it, and that rewiring
costs it accuracy; how far r is from 0 to .2 made no difference. The dense network's candidates come from the first
round's best two, with mirrored and with all moved copies, and averaged as the sparse ones. 30 passes, four candidates
a side chosen by one seed of 10 passes; five sparse seeds and three dense ones, as before; the same rule. Two more
sparse rows have one candidate each, the first of the sparse side with its start alone exchanged, so that what the
start is worth can be told. If the time ends before a dense seed has, it waits. Added when the sparse side had chosen a
rate of .006 and the two rows had run: a third row, the planar start itself at their rate of .003, and before its runs
a fourth, of rewired networks from the planar start, so that what rewiring does to it is kept.
"""

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path

KEPT = Path(__file__).parents[1] / "docs" / "results" / "accuracy.jsonl"
BATCH = 128
NAMED = ("data", "copies", "epochs", "seed", "setting")
TUNING_SEED = 1000
"""The runs that choose; others are judged by test examples."""


@dataclass(frozen=True)
class Setting:
    """How a network is trained.

    Args:
        rule: static, RigL, GSE, CHTs; or dense.
        start: construction of the sparse junctions.
        optimizer: SGD with Nesterov's momentum of .9, or Adam with decoupled decay.
        rate: learning rate at first.
        decay: of weights.
        dropout: of the inputs.
        smoothing: of the labels.
        batch: examples a step.
        averaged: last share of the steps, the weights after every hundredth of which are averaged; 0 to a quarter, in
            which no edge moves.
    """

    rule: str
    start: str = "receptive_field"
    optimizer: str = "SGD"
    rate: float = 0.1
    decay: float = 2e-4
    dropout: float = 0.1
    smoothing: float = 0.0
    batch: int = BATCH
    averaged: float = 0.0


GSE = Setting("GSE", optimizer="Adam", rate=0.003, decay=0.05)
SPARSE = (GSE, replace(GSE, rate=0.005, decay=0.1, smoothing=0.1))
SPARSE_ON_COPIES = (replace(GSE, dropout=0.0), replace(GSE, rate=0.005, decay=0.1, dropout=0.0))
DENSE_BY_SGD = Setting("dense", start="", rate=0.02, decay=5e-4)
DENSE_BY_ADAM = Setting("dense", start="", optimizer="Adam", rate=3e-4, decay=0.05)
DENSE = (DENSE_BY_SGD, replace(DENSE_BY_SGD, rate=0.05, smoothing=0.1))
DENSE_ON_COPIES = (replace(DENSE_BY_SGD, dropout=0.0), replace(DENSE_BY_ADAM, dropout=0.0))
CIFAR_SPARSE = (*SPARSE_ON_COPIES, replace(GSE, dropout=0.0, smoothing=0.1))
CIFAR_DENSE = (*DENSE_ON_COPIES, replace(DENSE_BY_SGD, rate=0.05, dropout=0.0, smoothing=0.1))
COPIES = {
    "mnist": ("shifts", "shifts"),
    "fashion-mnist": ("mirrored", "mirrored and shifts"),
}
"""Of the candidates on copies, in their order."""
EPOCHS = {"mnist": 60, "fashion-mnist": 60, "cifar10-jpeg": 16}
CIFAR_SECOND_EPOCHS = 30
PILOTS = {("cifar10-jpeg", 16): 8, ("cifar10-jpeg", CIFAR_SECOND_EPOCHS): 10}
"""Passes of the runs that choose, by data and passes, where they are not as many."""
SEEDS = {"sparse": 5, "dense": 3}
SECOND_ROUND = "second round"
MEAN = replace(GSE, averaged=0.25)
SECOND_LIST = (
    ("mirrored", GSE),
    ("mirrored", replace(MEAN, dropout=0.2)),
    ("mirrored", replace(MEAN, decay=0.2)),
    ("mirrored and shifts", replace(MEAN, dropout=0.0)),
)
PLANAR = replace(GSE, rule="static", start="planar_field", dropout=0.0)
CIFAR_SECOND_SPARSE = (
    ("mirrored and shifts", PLANAR),
    ("mirrored and shifts", replace(PLANAR, rate=0.006)),
    ("mirrored and shifts", replace(PLANAR, rate=0.006, averaged=0.25)),
    ("mirrored", PLANAR),
)
CIFAR_SECOND_DENSE = (
    ("mirrored and shifts", replace(DENSE_BY_SGD, dropout=0.0)),
    ("mirrored and shifts", replace(DENSE_BY_ADAM, dropout=0.0)),
    ("mirrored and shifts", replace(DENSE_BY_SGD, dropout=0.0, averaged=0.25)),
    ("mirrored", replace(DENSE_BY_SGD, dropout=0.0)),
)
REWIRED = tuple(("mirrored and shifts", replace(PLANAR, rule=rule)) for rule in ("RigL", "GSE", "CHTs"))
STARTS = ("erdos_renyi", "receptive_field", PLANAR.start)


@dataclass(frozen=True)
class Entry:
    """A row of the table: candidates, of which the best on held-out examples is judged by test examples.

    Args:
        data: name of a data set.
        side: "sparse" or "dense".
        images: "" for all candidates, "images as they are" for those without copies, or "second round", and of that
            which start has taken the place of its own.
        candidates: runs of seed 0, as dictionaries.
    """

    data: str
    side: str
    images: str
    candidates: tuple

    @property
    def name(self):
        """In the table."""
        return f"{self.side}, {self.images}" if self.images else self.side


def entry(data, side, images="", settings=None, epochs=None):
    """One of the plan; settings as pairs of copies and a `Setting`; passes are the data set's unless they are given."""
    if settings is None:
        plain, copied = (SPARSE, SPARSE_ON_COPIES) if side == "sparse" else (DENSE, DENSE_ON_COPIES)
        settings = [("none", each) for each in plain]
        settings += [] if images else list(zip(COPIES[data], copied, strict=True))
    same = {"data": data, "epochs": epochs or EPOCHS[data], "seed": 0}
    candidates = tuple(same | {"copies": copies, "setting": asdict(setting)} for copies, setting in settings)
    return Entry(data, side, images, candidates)


def entries(side, cifar):
    """Those of a side, without the second round."""
    small = [entry(data, side, images) for images in ("", "images as they are") for data in ("mnist", "fashion-mnist")]
    return (*small, entry("cifar10-jpeg", side, settings=[("mirrored", each) for each in cifar]))


SECOND = entry("fashion-mnist", "sparse", SECOND_ROUND, SECOND_LIST)


def cifar_second(side, settings, images=SECOND_ROUND):
    """An entry of the second round on CIFAR-10 JPEG."""
    return entry("cifar10-jpeg", side, images, settings, CIFAR_SECOND_EPOCHS)


CIFAR_SECOND = (
    cifar_second("sparse", CIFAR_SECOND_SPARSE),
    *(
        cifar_second(
            "sparse",
            [("mirrored and shifts", replace(PLANAR, start=start))],
            f"{SECOND_ROUND} from {start.replace('_', ' ')}",
        )
        for start in STARTS
    ),
    cifar_second("sparse", REWIRED, f"{SECOND_ROUND} from planar field, rewired"),
    cifar_second("dense", CIFAR_SECOND_DENSE),
)
PLAN = (*entries("sparse", CIFAR_SPARSE), SECOND, *entries("dense", CIFAR_DENSE), *CIFAR_SECOND)
"""In this order."""


def kept(path=KEPT):
    """The lines of the file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def name_of(line):
    """What makes two lines the same run."""
    named = {name: line[name] for name in NAMED} | {"setting": asdict(Setting(**line["setting"]))}
    return json.dumps(named, sort_keys=True)


def pilot(candidate):
    """The run that helps to choose."""
    return candidate | {
        "seed": TUNING_SEED,
        "epochs": PILOTS.get((candidate["data"], candidate["epochs"]), candidate["epochs"]),
    }


def best(candidates, lines):
    """The candidate of the best held-out accuracy, the first of equals; None as long as one has not run.

    Args:
        candidates: lines without results, of any seed.
        lines: those of the file.
    """
    found = {name_of(line): line["validation"] for line in lines if "validation" in line}
    names = [name_of(pilot(each)) for each in candidates]
    if any(name not in found for name in names):
        return None
    return candidates[max(range(len(names)), key=lambda k: found[names[k]])]


def shown(key):
    """A setting in words."""
    said = asdict(Setting(**key["setting"]))
    start = [] if said["rule"] == "dense" else [said["start"].replace("_", " ")]
    rate = f"{said['optimizer']} {said['rate']:g}, decay {said['decay']:g}"
    extras = {"inputs left out": said["dropout"], "smoothed labels": said["smoothing"]}
    extras |= {"averaged": said["averaged"], "batch": said["batch"] if said["batch"] != BATCH else 0}
    copies = [] if key["copies"] == "none" else [f"copies: {key['copies']}"]
    return "; ".join(
        [said["rule"], *start, rate, *(f"{what} {much:g}" for what, much in extras.items() if much), *copies]
    )
