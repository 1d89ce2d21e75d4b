"""Reading data sets from files: formats, places, damage."""

import gzip
import hashlib
import io
import pickle
import struct
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gossamer.errors import DataFileError, DataUnavailableError
from gossamer.training.data import CATALOGUE, cifar, folders, load
from gossamer.training.data.idx import IdxFile, IdxSource
from gossamer.training.data.jpeg import JpegSource

SHARED = Path(__file__).parents[4] / "shared" / "data"


def idx(array):
    return b"\0\0\x08" + bytes([array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def tiny_mnist():
    """Two training images and one test image, and a source that knows their checksums."""
    rng = np.random.default_rng(0)
    arrays = {
        "train-images": rng.integers(0, 255, (2, 4, 4), np.uint8),
        "train-labels": np.array([3, 1], np.uint8),
        "t10k-images": rng.integers(0, 255, (1, 4, 4), np.uint8),
        "t10k-labels": np.array([2], np.uint8),
    }
    contents = {name: idx(array) for name, array in arrays.items()}
    files = tuple(IdxFile(name, hashlib.md5(content).hexdigest(), "") for name, content in contents.items())
    return arrays, contents, IdxSource(files, ("tiny", "Tiny/raw"), "https://example.invalid/")


@pytest.mark.parametrize("subfolder", ["", "tiny", "Tiny/raw"])
@pytest.mark.parametrize("compressed", [False, True])
def test_idx_files_are_read_plain_or_compressed_wherever_they_lie(nowhere, subfolder, compressed):
    arrays, contents, source = tiny_mnist()
    place = nowhere / subfolder
    place.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        (place / (name + ".gz" * compressed)).write_bytes(gzip.compress(content, mtime=0) if compressed else content)
    assert source.locate() == place
    train_images, train_labels, test_images, test_labels = source.read(place)
    assert np.array_equal(train_images, arrays["train-images"].reshape(2, 16))
    assert np.array_equal(test_images, arrays["t10k-images"].reshape(1, 16))
    assert train_labels.tolist() == [3, 1]
    assert test_labels.tolist() == [2]


def test_another_data_set_of_the_same_file_names_is_passed_over(nowhere):
    _, contents, source = tiny_mnist()
    for name, content in contents.items():
        (nowhere / name).write_bytes(content)
    (nowhere / "t10k-labels").write_bytes(idx(np.array([9], np.uint8)))
    assert source.locate() is None


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("train-images", b"", "is no IDX file"),
        ("train-images", b"\0\0\x0d\1\0\0\0\0", "is no IDX file of unsigned bytes"),
        ("train-images", idx(np.zeros((2, 4, 4), np.uint8))[:-1], "do not hold an array of shape"),
        ("train-images", b"\0\0\x08\3\0\0\0\1", "do not hold an array of shape"),
        ("train-labels", idx(np.array([0, 0], np.uint8)), "damaged or of another data set: its md5"),
        ("train-labels.gz", b"\x1f\x8b damaged", "is damaged"),
        ("train-labels.gz", gzip.compress(idx(np.array([3, 1], np.uint8)), mtime=0)[:-6], "is damaged"),
        ("train-labels.gz", b"plain", "is damaged"),
    ],
    ids=["empty", "other type", "cut", "short", "foreign", "no gzip", "cut gzip", "plain"],
)
def test_damaged_idx_files_are_named(nowhere, name, content, message):
    _, contents, source = tiny_mnist()
    (nowhere / "tiny").mkdir()
    for other, whole in contents.items():
        if other != name.removesuffix(".gz"):
            (nowhere / "tiny" / other).write_bytes(whole)
    (nowhere / "tiny" / name).write_bytes(content)
    with pytest.raises(DataFileError, match=message):
        source.read(source.locate())


def test_a_missing_idx_file_is_named(nowhere):
    _, contents, source = tiny_mnist()
    (nowhere / "t10k-labels").write_bytes(contents["t10k-labels"])
    with pytest.raises(DataFileError, match=r"neither train-images nor train-images.gz"):
        source.read(source.locate())


@pytest.mark.parametrize("name", ["mnist", "fashion-mnist", "cifar10", "cifar10-jpeg"])
def test_missing_data_without_a_network_is_one_sentence(nowhere, name):
    with pytest.raises(DataUnavailableError, match=f"{name} is not in .*To get it: .*GOSSAMER_DATA"):
        load(name)
    assert CATALOGUE[name].source.locate() is None


def test_an_unknown_name_lists_the_right_ones():
    with pytest.raises(
        ValueError, match=r"'minst': digits, mnist, fashion-mnist, cifar10, cifar10-jpeg are known. Did"
    ):
        load("minst")


def test_a_download_with_another_checksum_is_not_kept(nowhere, monkeypatch):
    import pooch

    def serve(self, url, output_file, pooch, check_only=False):
        Path(output_file).write_bytes(b"something else")

    monkeypatch.setattr(pooch.HTTPDownloader, "__call__", serve)
    with pytest.raises(DataFileError, match="came with another md5"):
        load("mnist")
    assert not [path for path in folders.cache_folder().rglob("*") if path.is_file()]


def test_a_download_is_read_and_kept(nowhere, monkeypatch):
    import pooch

    arrays, contents, source = tiny_mnist()
    packed = {name: gzip.compress(content, mtime=0) for name, content in contents.items()}
    files = tuple(IdxFile(file.name, file.md5, hashlib.md5(packed[file.name]).hexdigest()) for file in source.files)
    source = IdxSource(files, source.subfolders, source.url)

    def serve(self, url, output_file, pooch, check_only=False):
        Path(output_file).write_bytes(packed[url.removeprefix(source.url).removesuffix(".gz")])

    monkeypatch.setattr(pooch.HTTPDownloader, "__call__", serve)
    place = source.fetch()
    assert source.locate() == place
    assert source.read(place)[1].tolist() == arrays["train-labels"].tolist()


def cifar_batches():
    rng = np.random.default_rng(0)
    return [(rng.integers(0, 255, (2, 3072), np.uint8), rng.integers(0, 9, 2).astype(np.uint8)) for _ in range(6)]


def check_cifar(batches, source=cifar.SOURCE):
    train_images, train_labels, test_images, test_labels = source.read(source.locate())
    assert np.array_equal(train_images, np.concatenate([images for images, _ in batches[:5]]))
    assert np.array_equal(train_labels, np.concatenate([labels for _, labels in batches[:5]]))
    assert np.array_equal(test_images, batches[5][0])
    assert np.array_equal(test_labels, batches[5][1])


def binary_files(batches):
    names = [*(f"data_batch_{n}.bin" for n in range(1, 6)), "test_batch.bin"]
    records = (np.column_stack([labels, images]).tobytes() for images, labels in batches)
    return dict(zip(names, records, strict=True))


def test_cifar_is_read_from_binary_batches(nowhere):
    batches = cifar_batches()
    folder = nowhere / "cifar10" / "cifar-10-batches-bin"
    folder.mkdir(parents=True)
    for name, content in binary_files(batches).items():
        (folder / name).write_bytes(content)
    check_cifar(batches)


def test_cifar_is_read_from_pickled_batches(nowhere):
    batches = cifar_batches()
    folder = nowhere / "cifar-10-batches-py"
    folder.mkdir()
    for number, (images, labels) in enumerate(batches, start=1):
        name = f"data_batch_{number}" if number < 6 else "test_batch"
        batch = {b"data": images, b"labels": labels.tolist(), b"batch_label": b"x"}
        (folder / name).write_bytes(pickle.dumps(batch, protocol=2))
    check_cifar(batches)


def test_cifar_is_read_from_its_archive(nowhere):
    batches = cifar_batches()
    path = nowhere / "cifar-10-binary.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name, content in binary_files(batches).items():
            member = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    md5 = hashlib.md5(path.read_bytes()).hexdigest()
    known = cifar.Packing("cifar-10-batches-bin", ".bin", path.name, md5, cifar.read_binary)
    check_cifar(batches, cifar.CifarSource((known,)))
    with pytest.raises(DataFileError, match="is damaged: its md5"):
        cifar.SOURCE.read(path)


class Intruder:
    def __reduce__(self):
        return print, ("executed",)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (pickle.dumps(Intruder()), "it asks for builtins.print"),
        (pickle.dumps({b"data": 1}), "no batch"),
        (pickle.dumps([1, 2]), "no batch"),
        (pickle.dumps({b"data": np.zeros((2, 5), np.uint8), b"labels": [1, 2]}), "is damaged"),
        (pickle.dumps({b"data": np.zeros((1, 3072), np.uint8), b"labels": [10]}), "labels other than 0 to 9"),
        (b"", "no batch"),
        (b"garbage", "no batch"),
    ],
)
def test_pickles_of_anything_else_are_refused(content, message, capsys):
    with pytest.raises(DataFileError, match=message):
        cifar.read_pickle(content, "batch")
    assert not capsys.readouterr().out


@pytest.mark.parametrize("content", [b"", b"\0" * 3072, b"\x0a" + b"\0" * 3072])
def test_damaged_records_are_refused(content):
    with pytest.raises(DataFileError, match="is damaged"):
        cifar.read_binary(content, "batch")


def write_jpegs(path, **changes):
    colours = [(250, 0, 0), (0, 250, 0), (0, 0, 250)]
    jpegs = []
    for colour in colours:
        buffer = io.BytesIO()
        Image.new("RGB", (32, 32), colour).save(buffer, "JPEG")
        jpegs.append(buffer.getvalue())
    packed = {
        "blob": np.frombuffer(b"".join(jpegs), np.uint8),
        "offsets": np.cumsum([0, *map(len, jpegs)]),
        "label": np.array([1, 2, 3]),
        "is_test": np.array([False, True, False]),
    }
    np.savez(path, **(packed | changes))


def test_jpegs_are_decoded_once_channels_first(nowhere, monkeypatch):
    source = JpegSource("c.npz", ("jpeg",))
    write_jpegs(nowhere / "c.npz")
    first = source.read(source.locate())
    planes = first[0].reshape(2, 3, 1024).mean(axis=2)
    assert np.allclose(planes, [[250, 0, 0], [0, 0, 250]], atol=6)
    assert first[1].tolist() == [1, 3]
    assert first[3].tolist() == [2]
    monkeypatch.setattr(Image, "open", None)  # the second reading comes from the cache
    assert all(np.array_equal(a, b) for a, b in zip(first, source.read(source.locate()), strict=True))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"offsets": np.array([0, 1, 2])}, "its offsets do not cut"),
        ({"blob": np.zeros(10, np.uint8), "offsets": np.array([0, 3, 6, 10])}, "image 0 cannot be decoded"),
    ],
)
def test_damaged_jpegs_are_named(nowhere, changes, message):
    write_jpegs(nowhere / "c.npz", **changes)
    with pytest.raises(DataFileError, match=message):
        JpegSource("c.npz", ()).read(nowhere / "c.npz")
    (nowhere / "d.npz").write_bytes(b"no archive")
    with pytest.raises(DataFileError, match=r"d.npz is damaged"):
        JpegSource("d.npz", ()).read(nowhere / "d.npz")


@pytest.mark.skipif(not SHARED.is_dir(), reason="../shared/data is not on this machine")
def test_real_mnist_is_read(monkeypatch):
    monkeypatch.setenv(folders.VARIABLE, str(SHARED))
    mnist = load("mnist")
    assert (mnist.train.inputs.shape, mnist.test.inputs.shape) == ((60_000, 784), (10_000, 784))
    assert np.bincount(mnist.train.labels).min() > 5000
