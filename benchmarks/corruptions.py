"""Whether damaged files are ever taken for whole ones: `python benchmarks/corruptions.py`.

    python benchmarks/corruptions.py                  # 13,000 corruptions, a few minutes
    python benchmarks/corruptions.py --each 100       # 1,000

Valid files of eleven kinds are damaged at random: bits flipped, bytes overwritten, the end or a part cut off, a part
doubled, zeroed or moved. Reading one must give what was in it, or the error that is promised, in one line that names
the file. A study file has no digest: any plan is a right answer there, but nothing else than a plan or its error is.
Prints the counts, and exits with 1 after a finding.
"""

import argparse
import os
import platform
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np

import gossamer
import gossamer as gs
from gossamer.distances import distance_named, pairwise
from gossamer.errors import CheckpointError, StudyError, StudyFileError, StudyWarning, TopologyFileError
from gossamer.rewiring import Recording, rigl
from gossamer.studies import Architecture, Experiment, InProcess, Run, Study
from gossamer.studies.plan.study_file import read as read_plan
from gossamer.studies.store import study_folder
from gossamer.studies.store.result import read_result
from gossamer.studies.store.run_folder import RunFolder
from gossamer.training import Config, checkpoints

STUDY_FILE = """
name = "damaged"
data = "digits"
topology = ["dense", "erdos_renyi", "fibonacci"]
degree = [2, 8, "4,4"]
hidden = ["64", 32]
rule = ["static", {rewire = "rigl", fraction = 0.3, every = 10}]
seeds = [0, 1]
measures = ["algebraic_connectivity", "components"]

[training]
epochs = 5
optimizer = "adam"
lr = [0.01, 0.001]
"""


def damaged(content, rng):
    """The content, damaged in one or two places."""
    found = bytearray(content)
    for _ in range(rng.integers(1, 3)):
        size = max(1, len(found))
        start = int(rng.integers(size))
        end = min(size, start + int(rng.integers(1, 1 + min(64, size))))
        kind = rng.integers(8)
        if kind == 0 and found:
            found[start] ^= 1 << int(rng.integers(8))
        elif kind == 1:
            found[start:end] = rng.bytes(end - start)
        elif kind == 2:
            del found[start:]
        elif kind == 3:
            del found[start:end]
        elif kind == 4:
            found[start:start] = found[start:end]
        elif kind == 5:
            found[start:end] = bytes(end - start)
        elif kind == 6:
            found[start:end], found[:0] = b"", found[start:end]
        else:
            found += rng.bytes(8)
    return bytes(found)


def made_study(folder):
    """A study of two finished runs, one of them rewired, and one that failed."""
    network = Architecture(gs.generators.named("erdos_renyi"), (16,), (256, None))
    runs = [
        Run(Experiment(network, Config(epochs=2, batch_size=256), 0, rule), "digits")
        for rule in (None, rigl(every=2, until=9))
    ]
    study = Study("damaged", runs, folder)
    study.execute(InProcess(1))
    return study


def readers(study, folder):
    """Name of each kind: its file, how it is read, and the error that is promised."""
    digest = study.runs[1].digest
    place = RunFolder(folder / "runs" / digest)
    place.write_failure(ValueError("too narrow"), epoch=1, step=2)
    plan = folder / "plan.toml"
    plan.write_text(STUDY_FILE)
    return {
        "topology": (place.end, gs.Topology.load, TopologyFileError),
        "recording": (place.recording, lambda path: described(Recording.load(path)), TopologyFileError),
        "checkpoint": (place.checkpoint, lambda path: described(checkpoints.read(path)), CheckpointError),
        "result": (place.result, lambda path: read_result(RunFolder(path.parent)), StudyError),
        "config": (place.config, lambda _: place.read_config(), StudyError),
        "failure": (place.failure, lambda _: place.read_failure(), StudyError),
        "weights": (place.weights, lambda _: described(place.read_weights()), StudyError),
        "epochs": (place.epochs, lambda _: epochs_of(study), StudyError),
        "distances": (distances_of(study, folder), lambda path: described(compared(study, path)), TopologyFileError),
        "study": (study_folder.place(folder), lambda _: study_folder.read(folder), StudyError),
        "study file": (plan, lambda path: read_plan(path) and None, StudyFileError),
    }


def compared(study, store):
    """The distances between the networks of a study, kept in a file."""
    networks = [study.topology(run.digest, when) for run in study.runs for when in ("start", "end")]
    return pairwise(networks, distance_named("edge-jaccard"), store=store)


def distances_of(study, folder):
    """A file of distances."""
    compared(study, folder / "runs" / "distances.npz")
    return folder / "runs" / "distances.npz"


def epochs_of(study):
    """The epochs of a study; a run that is left out is an error here."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", StudyWarning)
        try:
            return study.epochs().to_json()
        except StudyWarning as warning:
            raise StudyError(str(warning)) from warning


def described(value):
    """A text that is equal for equal content."""
    if isinstance(value, Recording):
        return str([(step, {name: g.digest() for name, g in value.at(step).items()}) for step in value.steps])
    if isinstance(value, dict):
        return str({name: described(each) for name, each in value.items()})
    return str(value.tolist()) if hasattr(value, "tolist") else repr(value)


def finding(path, read, promised, expected):
    """What is wrong with how a damaged file was read; None if nothing is."""
    try:
        found = read(path)
    except promised as error:
        text = str(error)
        return None if str(path) in text and "\n" not in text else f"an error that names no file: {text!r}"
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return None if whole(found, expected) else "other content, and no error"


def whole(found, expected):
    """Whether all that was written was read; an object may have gained an entry."""
    if isinstance(expected, dict):
        return isinstance(found, dict) and all(found.get(name) == value for name, value in expected.items())
    return found == expected


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--each", type=int, default=1200, help="corruptions of each kind")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rng, findings = np.random.default_rng(options.seed), []
    print(
        f"Gossamer {gossamer.__version__}, NumPy {np.__version__}, Python {platform.python_version()}, "
        f"{platform.machine()}, {os.cpu_count()} cores"
    )
    with tempfile.TemporaryDirectory() as folder:
        study = made_study(Path(folder))
        for kind, (path, read, promised) in readers(study, Path(folder)).items():
            content, expected = path.read_bytes(), read(path)
            refused = 0
            for _ in range(options.each):
                bad = damaged(content, rng)
                path.write_bytes(bad)
                wrong = finding(path, read, promised, expected) if bad != content else None
                refused += wrong is not None
                findings += [f"{kind}: {wrong}"] if wrong else []
            path.write_bytes(content)
            print(f"{kind:<12} {len(content):>7} bytes: {options.each} corruptions, {refused} findings", flush=True)
    print(
        "\n".join(dict.fromkeys(each[:300] for each in findings)) or "every one was read as it was, or refused by name"
    )
    sys.exit(bool(findings))


if __name__ == "__main__":
    main()
