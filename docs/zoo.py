"""Train the networks of `gossamer.zoo` again, and write them with their cards into the package.

    python docs/zoo.py [NAME ...]

Each takes some minutes on one thread. The data must be on this machine, see `gossamer data list`; runs are kept in
build/zoo, and one that was stopped goes on.
"""

import json
import shlex
import shutil
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

from gossamer.files import file_digest
from gossamer.zoo import Card
from gossamer.zoo.cards import FOLDER

RUNS = Path(__file__).parents[1] / "build" / "zoo"
MNIST = "--data mnist --topology erdos_renyi --hidden 1000,1000 --degree 10,9,1 --epochs 40"
RECIPES = {
    "fibonacci-digits": (
        "Small enough to draw whole; its hidden junctions are described by six offsets each.",
        "--data digits --topology fibonacci --hidden 64,64 --degree 6 --epochs 40 --lr 0.01",
    ),
    "regular-fashion-mnist": (
        "Random regular junctions, near-Ramanujan expanders, that never moved; trained with dropout.",
        "--data fashion-mnist --topology regular_random --hidden 500,500 --degree 16 --epochs 30 --dropout 0.2",
    ),
    "rigl-mnist-1pct": (
        "RigL has moved its edges toward the middle of the image; compare it with set-mnist-1pct.",
        f"{MNIST} --rewire rigl --every 100",
    ),
    "set-mnist-1pct": (
        "As wide and with as many edges as rigl-mnist-1pct, grown at random (SET).",
        f"{MNIST} --rewire sparse_evolutionary",
    ),
    "rigl-cifar10-jpeg-1pct": (
        "1 % of the edges of a perceptron on colour images (lossy copies of CIFAR-10), which perceptrons do badly on.",
        "--data cifar10-jpeg --topology erdos_renyi --hidden 1000,1000 --degree 7,8,1 --rewire rigl --every 200 "
        "--epochs 20 --dropout 0.1",
    ),
}
MOST_BYTES = 300_000


def train(name, words):
    """The command that trains a network, and the folder of its run."""
    command = ["gossamer", "train", *shlex.split(words), "--validation", "0", "--threads", "1"]
    folder = RUNS / name
    subprocess.run([sys.executable, "-m", *command, "--out", str(folder)], check=True)
    return shlex.join(command), folder


def card(name, about, command, folder):
    """What the run's files say of it."""
    config, result = (json.loads((folder / f"{file}.json").read_text()) for file in ("config", "result"))
    options = dict(zip(words := shlex.split(command)[2:], words[1:], strict=False))
    environment = result["environment"]
    return Card(
        name=name,
        about=about,
        widths=tuple(config["widths"]),
        edges=result["edges"],
        construction=options["--topology"],
        rule=options.get("--rewire", "static"),
        activation="ReLU",
        data=config["data"],
        data_licence=config["licence"],
        accuracy=result["test"]["accuracy"],
        command=command,
        versions=", ".join(f"{name} {environment[name]}" for name in ("gossamer", "torch", "processor")),
        digest=file_digest(folder / "weights.safetensors"),
    )


def main(names):
    """Train what is asked for, or all."""
    for name in names or RECIPES:
        about, words = RECIPES[name]
        command, folder = train(name, words)
        weights = folder / "weights.safetensors"
        if weights.stat().st_size > MOST_BYTES:
            raise SystemExit(f"{weights} has {weights.stat().st_size} bytes; {MOST_BYTES} are allowed.")
        shutil.copyfile(weights, FOLDER / f"{name}.safetensors")
        text = json.dumps(asdict(card(name, about, command, folder)), indent=2, ensure_ascii=False)
        (FOLDER / f"{name}.json").write_text(text + "\n", encoding="utf-8")
        print(text)


if __name__ == "__main__":
    main(sys.argv[1:])
