"""Data of one's own: arrays, tables, tensors, sparse matrices, files and folders."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import torch
from PIL import Image
from sklearn.datasets import load_iris

from gossamer.errors import DataFileError
from gossamer.training.data import Dataset, Scaling

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 4))
WORDS = np.array(["cat", "dog", "eel"])[np.arange(60) % 3]


def all_inputs(data):
    """Training and test inputs, in one order whatever the split."""
    rows = np.concatenate([data.train.inputs, data.test.inputs])
    return rows[np.lexsort(rows.T)]


@pytest.mark.parametrize(
    "given",
    [
        X,
        X.tolist(),
        pd.DataFrame(X, columns=list("abcd")),
        torch.tensor(X, requires_grad=True),
        torch.tensor(X, dtype=torch.float64),
        scipy.sparse.csr_array(X),
        scipy.sparse.coo_matrix(X),
        X.astype(object),
    ],
    ids=["array", "lists", "pandas", "tensor", "float64", "csr", "coo", "objects"],
)
@pytest.mark.parametrize("labels", [WORDS, WORDS.tolist(), pd.Series(WORDS, name="kind"), pd.Categorical(WORDS)])
def test_inputs_and_text_labels_of_every_kind_make_the_same_data_set(given, labels):
    data = Dataset.from_arrays(given, labels)
    wanted = Dataset.from_arrays(X.astype(np.float32), np.arange(60) % 3)
    assert data.classes == ("cat", "dog", "eel")
    assert np.array_equal(data.train.inputs, wanted.train.inputs)
    assert np.array_equal(data.train.labels, wanted.train.labels)
    assert (len(data.train), len(data.test), data.shape, data.num_outputs) == (48, 12, (4,), 3)


def test_the_usual_split_takes_a_fifth_of_each_class_without_chance():
    inputs, labels = load_iris(return_X_y=True)  # sorted by class: its last fifth is of one
    data = Dataset.from_arrays(inputs, labels)
    assert np.bincount(data.test.labels).tolist() == [10, 10, 10]
    assert data.digest == Dataset.from_arrays(inputs, labels).digest
    assert np.array_equal(all_inputs(data), inputs[np.lexsort(inputs.T)].astype(np.float32))


def test_a_split_by_choice_is_random_and_keeps_the_classes_shares():
    one, other = (Dataset.from_arrays(X, WORDS, test=0.4, rng=seed) for seed in (0, 1))
    assert np.bincount(one.test.labels).tolist() == [8, 8, 8]
    assert one.digest != other.digest
    assert one.digest == Dataset.from_arrays(X, WORDS, test=0.4, rng=np.random.default_rng(0)).digest


def test_test_examples_may_be_given():
    data = Dataset.from_arrays(X[:50], WORDS[:50], test=(X[50:], WORDS[50:]))
    assert np.array_equal(data.test.inputs, X[50:].astype(np.float32))
    assert [data.classes[label] for label in data.test.labels] == WORDS[50:].tolist()
    with pytest.raises(ValueError, match="class 'fox' of the test is none to learn from: cat, dog, eel"):
        Dataset.from_arrays(X, WORDS, test=(X[:1], ["fox"]))
    with pytest.raises(ValueError, match=r"inputs for the test have shape \(3,\); those to learn from have \(4,\)"):
        Dataset.from_arrays(X, WORDS, test=(X[:1, :3], ["cat"]))


def test_floats_are_numbers_to_tell_and_whole_numbers_classes_if_few():
    regression = Dataset.from_arrays(X, X[:, :2])
    assert (regression.targets, regression.classes, regression.num_outputs) == (("target0", "target1"), (), 2)
    assert Dataset.from_arrays(X, pd.Series(X[:, 0], name="price")).targets == ("price",)
    assert Dataset.from_arrays(X, np.arange(60) % 3).num_classes == 3
    assert Dataset.from_arrays(X, np.arange(60) % 3, task="regression").numeric
    prices = np.random.default_rng(0).permutation(400)
    assert Dataset.from_arrays(np.ones((400, 1)) * prices[:, None], prices).numeric  # 400 different ones
    assert Dataset.from_arrays(X, X[:, 0] > 0).classes == ("False", "True")


def test_numbers_are_scaled_each_by_itself():
    data = Dataset.from_arrays(X, 1000 + 50 * X[:, :2])
    mean, deviation = data.target_scaling
    assert mean == pytest.approx(data.train.labels.mean(0), rel=1e-5)
    assert deviation == pytest.approx(data.train.labels.std(0), rel=1e-5)


def test_columns_are_scaled_each_by_itself_and_pixels_together():
    table = np.column_stack([X[:, 0], 1e4 * X[:, 1] + 7, np.full(60, 3.3)])
    data = Dataset.from_arrays(table, WORDS)
    mean, deviation = data.scaling
    assert mean == pytest.approx(data.train.inputs.mean(0), rel=1e-4)
    assert deviation[:2] == pytest.approx(data.train.inputs.std(0)[:2], rel=1e-4)
    assert deviation[2] == 1  # a column that does not vary
    assert Dataset.from_arrays(table, WORDS, scale="none").scaling == (0.0, 1.0)
    together = Dataset.from_arrays(table, WORDS, scale=Scaling.TOGETHER)
    assert together.scaling == pytest.approx((together.train.inputs.mean(), together.train.inputs.std()), rel=1e-4)
    assert len({data.digest, together.digest, Dataset.from_arrays(table, WORDS, scale="none").digest}) == 3
    images = Dataset.from_arrays(RNG.integers(0, 256, (60, 5, 6), dtype=np.uint8), WORDS)
    assert images.scale is Scaling.TOGETHER
    with pytest.raises(ValueError, match="'all' is not a valid Scaling"):
        Dataset.from_arrays(X, WORDS, scale="all")


def test_images_are_kept_channels_first():
    grey, colour = RNG.integers(0, 256, (60, 5, 6), np.uint8), RNG.integers(0, 256, (60, 5, 6, 3), np.uint8)
    assert Dataset.from_arrays(grey, WORDS).shape == (1, 5, 6)
    data = Dataset.from_arrays(colour, WORDS, test=(colour[:2], WORDS[:2]))
    assert data.shape == (3, 5, 6)
    assert np.array_equal(data.train.inputs, colour.transpose(0, 3, 1, 2).reshape(60, -1))
    assert Dataset.from_arrays(colour.transpose(0, 3, 1, 2), WORDS).shape == (3, 5, 6)


def frame(**columns):
    return pd.DataFrame({"age": np.arange(6.0), "size": np.arange(6.0)} | columns)


Y = list("abcabc")


@pytest.mark.parametrize(
    ("inputs", "labels", "message"),
    [
        (frame(age=[1, 2, np.nan, 4, 5, 6]), Y, "column 'age', row 2, is missing"),
        (frame(age=[1, 2, None, 4, 5, 6]), Y, "column 'age', row 2, is missing"),
        (frame(age=[1, 2, 3, "four", 5, 6]), Y, "column 'age', row 3, is 'four', which is no number"),
        (frame(city=list("uvwxyz")), Y, "column 'city' holds text, 'u' in row 0; leave it out .*get_dummies"),
        (frame(born=pd.Timestamp("2020-01-01")), Y, "column 'born' holds times"),
        (frame(age=[1, np.inf, 3, 4, 5, 6]), Y, "column 'age', row 1, is inf"),
        ([[1, 2], [3, np.nan]], ["a", "b"], "column 1, row 1, is missing"),
        (np.array([[1, "x"]] * 2, object), ["a", "b"], "column 1, row 0, is 'x'"),
        ([[1, 2], [3]], ["a", "b"], "rows of different lengths make no array"),
        (np.ones(6), Y, r"inputs has shape \(6,\)"),
        (np.ones((0, 3)), [], r"inputs has shape \(0, 3\)"),
        (np.ones((5, 3)), Y, "5 inputs and 6 labels"),
        (np.ones((6, 3)), ["a"] * 6, "all 6 examples are of one class, a"),
        (np.ones((6, 3)), [*Y[:5], None], "'label' of row 5 is missing"),
        (np.ones((6, 3)), [1.0, 2.0, np.nan, 1.0, 2.0, 3.0], "'label' of row 2 is missing"),
        (np.ones((6, 3)), pd.Series([*Y[:5], pd.NA], name="kind"), "'kind' of row 5 is missing"),
        (np.ones((6, 3)), np.eye(6, dtype=int), "classes are given as one label for each input"),
        (scipy.sparse.csr_array((10**6, 10**6)), Y, "needs 3725 GiB"),
    ],
)
def test_bad_arrays_are_refused_by_column_and_row(inputs, labels, message):
    with pytest.raises(ValueError, match=message):
        Dataset.from_arrays(inputs, labels)


def test_too_few_examples_and_foreign_choices_are_refused():
    with pytest.raises(ValueError, match=r"test=0\.01 of 60 examples leaves nothing to test"):
        Dataset.from_arrays(X, WORDS, test=0.01)
    with pytest.raises(ValueError, match="task='ranking' is not known"):
        Dataset.from_arrays(X, WORDS, task="ranking")
    with pytest.raises(ValueError, match="labels of a regression must be numbers"):
        Dataset.from_arrays(X, WORDS, task="regression")


def write(path, text):
    path.write_text(text, encoding="utf-8")
    return path


def test_a_table_is_read_by_its_columns(tmp_path):
    iris = load_iris(as_frame=True)
    iris.frame.to_csv(tmp_path / "iris.csv", index=False)
    data = Dataset.from_csv(tmp_path / "iris.csv")
    assert (data.name, data.num_features, data.num_classes) == ("iris", 4, 3)
    assert np.array_equal(all_inputs(data), all_inputs(Dataset.from_arrays(iris.data, iris.target)))
    price = Dataset.from_csv(tmp_path / "iris.csv", "petal width (cm)", drop=["target"])
    assert (price.num_features, price.targets) == (3, ("petal width (cm)",))
    several = Dataset.from_csv(tmp_path / "iris.csv", ["petal width (cm)", "petal length (cm)"], drop=["target"])
    assert (several.num_features, several.num_outputs) == (2, 2)
    iris.frame.to_csv(tmp_path / "iris.tsv.gz", index=False, sep="\t")
    assert Dataset.from_csv(tmp_path / "iris.tsv.gz").digest == data.digest


@pytest.mark.parametrize(
    ("text", "target", "error", "message"),
    [
        ("a,b,y\n1,2,u\n1,,v\n", None, DataFileError, r"my.csv: column 'b', line 3, is missing"),
        ("a,b,y\n1,2,u\n1,x,v\n3,4,u\n", None, DataFileError, "column 'b', line 3, is 'x', which is no number"),
        ("a,b,y\n1,p,u\n1,q,v\n", None, DataFileError, "column 'b' holds text, 'p' in line 2"),
        ("a,b,y\n1,2,u\n1,2,\n", None, DataFileError, "'y' of line 3 is missing"),
        ("a,b,y\n1,2,u\n1,2,u\n", None, DataFileError, "all 2 examples are of one class, u"),
        ("a,b,kind\n1,2,u\n1,2,v\n", None, DataFileError, "name the column to tell, such as .*my.csv:kind"),
        ("a,b,kind\n1,2,u\n1,2,v\n", "kid", ValueError, "no column in my.csv 'kid': a, b, kind .* mean kind"),
        ("", None, DataFileError, "is empty; a table with a header is needed"),
        ("a\n1\n", None, DataFileError, "has one column, 'a'"),
        ("a,y\n1,2\n1,2,3,4\n", None, DataFileError, "line 3 has 4 fields, and the lines before it 2"),
    ],
)
def test_bad_tables_are_refused_by_column_and_line(tmp_path, text, target, error, message):
    with pytest.raises(error, match=message):
        Dataset.from_csv(write(tmp_path / "my.csv", text), target)


def test_pytorchs_data_sets_and_loaders_are_read_whole():
    tensors = torch.utils.data.TensorDataset(torch.tensor(X), torch.arange(60) % 3)
    wanted = Dataset.from_arrays(X, np.arange(60) % 3).digest
    assert Dataset.from_torch(tensors).digest == wanted
    assert Dataset.from_torch(torch.utils.data.DataLoader(tensors, batch_size=7)).digest == wanted
    pairs = [(row, int(label)) for row, label in zip(X, np.arange(60) % 3, strict=True)]

    class Own(torch.utils.data.Dataset):
        classes = ("cat", "dog", "eel")

        def __len__(self):
            return 60

        def __getitem__(self, number):
            return pairs[number]

    assert Dataset.from_torch(Own()).classes == Own.classes
    parted = Dataset.from_torch(torch.utils.data.Subset(Own(), range(50)), Own(), scale="together")
    assert (len(parted.train), len(parted.test), parted.scale) == (50, 60, Scaling.TOGETHER)
    with pytest.raises(ValueError, match="item 0 of list is int; pairs"):
        Dataset.from_torch([1, 2])
    with pytest.raises(ValueError, match="inputs of list are of several shapes"):
        Dataset.from_torch([(np.ones(2), 0), (np.ones(3), 1)])


def paint(folder, sizes=((4, 5),), mode="L", count=5):
    rng = np.random.default_rng(0)
    for kind in ("circle", "square"):
        (folder / kind).mkdir(parents=True)
        for number in range(count):
            pixels = rng.integers(0, 256, (*sizes[number % len(sizes)], *([3] if mode == "RGB" else [])), np.uint8)
            Image.fromarray(pixels, mode).save(folder / kind / f"{number}.png")
    return folder


@pytest.mark.filterwarnings("ignore:'mode' parameter:DeprecationWarning")
@pytest.mark.parametrize(("mode", "channels"), [("L", 1), ("RGB", 3)])
def test_a_folder_of_images_is_read_by_its_folders(tmp_path, mode, channels):
    data = Dataset.from_folder(paint(tmp_path / "shapes", mode=mode))
    assert (data.name, data.classes, data.shape) == ("shapes", ("circle", "square"), (channels, 4, 5))
    with Image.open(tmp_path / "shapes" / "circle" / "0.png") as image:
        pixels = np.asarray(image)
    first = pixels[None] if mode == "L" else pixels.transpose(2, 0, 1)
    assert np.array_equal(data.train.inputs[0], first.ravel())
    assert Dataset.from_folder(tmp_path / "shapes", size=(2, 3)).shape == (channels, 2, 3)


@pytest.mark.filterwarnings("ignore:'mode' parameter:DeprecationWarning")
def test_a_folder_may_be_parted_already(tmp_path):
    paint(tmp_path / "train", count=4)
    paint(tmp_path / "test", count=2)
    data = Dataset.from_folder(tmp_path)
    assert (len(data.train), len(data.test)) == (8, 4)


@pytest.mark.filterwarnings("ignore:'mode' parameter:DeprecationWarning")
def test_bad_folders_are_refused_by_file(tmp_path):
    with pytest.raises(
        DataFileError, match=r"1.png has 6 x 5 pixels, and .*0.png has 4 x 5; all need one size: .*\(4, 5\)"
    ):
        Dataset.from_folder(paint(tmp_path / "sizes", sizes=((4, 5), (6, 5))))
    (tmp_path / "one" / "circle").mkdir(parents=True)
    with pytest.raises(DataFileError, match="one has one, circle; one folder of images for each of two"):
        Dataset.from_folder(tmp_path / "one")
    (tmp_path / "one" / "square").mkdir()
    with pytest.raises(DataFileError, match="circle has no image"):
        Dataset.from_folder(tmp_path / "one")
    for kind in ("circle", "square"):
        write(tmp_path / "one" / kind / "a.png", "no image")
    with pytest.raises(DataFileError, match=r"a.png cannot be read as an image"):
        Dataset.from_folder(tmp_path / "one")
    with pytest.raises(DataFileError, match="nowhere is no folder"):
        Dataset.from_folder(tmp_path / "nowhere")
