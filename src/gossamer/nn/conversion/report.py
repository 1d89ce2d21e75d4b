"""What became of a model's layers: edges, multiply-adds, bytes and time, before and after."""

from __future__ import annotations

import html
from dataclasses import dataclass

import torch
from torch import nn

from gossamer.nn.conversion.candidates import candidates, require_module, unserved
from gossamer.nn.conversion.swaps import place
from gossamer.nn.kernels.choose import speeds
from gossamer.nn.layer import SparseLayer
from gossamer.nn.linear import SparseLinear


@dataclass(frozen=True, slots=True)
class Row:
    """One layer.

    Args:
        name: in the model.
        shape: of its weights as a matrix, such as "128 x 64" (outputs x inputs).
        places: weights of the dense layer, which are its multiply-adds for one row of inputs, too.
        edges: weights that there are.
        dense_bytes: of the dense layer's weights.
        bytes: of the weights and of the edges' places.
        speed_up: time of the dense layer over that of this one, forward and backward; None if it was not measured.
        note: why it is dense, or what else there is to say.
    """

    name: str
    shape: str
    places: int
    edges: int
    dense_bytes: int
    bytes: int
    speed_up: float | None = None
    note: str = ""

    @property
    def density(self) -> float:
        """Edges over places."""
        return self.edges / self.places


@dataclass(frozen=True, slots=True)
class Report:
    """The layers of a model with weights; printed it is a table, and so it is in a notebook.

    Args:
        rows: one a layer, in the model's order.
        batch: rows of inputs that were timed; None if nothing was.
    """

    rows: tuple[Row, ...]
    batch: int | None = None

    @property
    def swapped(self) -> tuple[str, ...]:
        """Names of the sparse layers."""
        return tuple(row.name for row in self.rows if row.note == "")

    @property
    def dense(self) -> dict[str, str]:
        """Names of the others, and why they are dense."""
        return {row.name: row.note for row in self.rows if row.note}

    def cells(self) -> list[tuple[str, ...]]:
        """The table's text: a head, the layers, and their sum."""
        head = ("layer", "shape", "edges", "density", "multiply-adds", "bytes", "speed-up", "")
        rows = [_cells(row) for row in self.rows]
        return [head, *rows, _cells(self._total())]

    def _total(self) -> Row:
        sums = {
            name: sum(getattr(row, name) for row in self.rows) for name in ("places", "edges", "dense_bytes", "bytes")
        }
        return Row("all", "", **sums)

    def __str__(self) -> str:
        cells = self.cells()
        widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
        lines = [
            "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in cells
        ]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        head, *rows = self.cells()
        cells = "".join(f"<th>{html.escape(text)}</th>" for text in head)
        body = "".join(f"<tr>{''.join(f'<td>{html.escape(text)}</td>' for text in row)}</tr>" for row in rows)
        return f"<table><thead><tr>{cells}</tr></thead><tbody>{body}</tbody></table>"


def report(model: nn.Module, *, batch: int | None = None) -> Report:
    """Tell what is sparse in a model, what is dense and why, and what that costs.

    Args:
        model: any module, such as `sparsify` returned.
        batch: if given, sparse layers are timed against dense ones with so many rows of inputs, forward and backward.

    Raises:
        TypeError: the model is none.

    >>> import gossamer as gs
    >>> model = gs.nn.sparsify(nn.Sequential(nn.Linear(8, 6), nn.Tanh(), nn.Linear(6, 2)), density=0.5, exclude="2")
    >>> print(report(model))
    layer  shape  edges     density  multiply-adds  bytes       speed-up
    0      6 x 8  24 of 48  0.5      24 of 48       220 of 192
    2      2 x 6  12 of 12  1        12 of 12       48 of 48              dense
    all           36 of 60  0.6      36 of 60       268 of 240
    """
    require_module(model)
    found = {**_sparse_rows(model, batch), **_dense_rows(model), **_other_rows(model)}
    order = {name: number for number, (name, _) in enumerate(model.named_modules())}
    names = sorted(found, key=lambda name: order.get(name, order.get(name.rpartition(".")[0], -1)))
    return Report(tuple(found[name] for name in names), batch)


def _sparse_rows(model: nn.Module, batch: int | None) -> dict[str, Row]:
    return {
        name: _sparse(name, layer, batch) for name, layer in model.named_modules() if isinstance(layer, SparseLayer)
    }


def _sparse(name: str, layer: SparseLayer, batch: int | None) -> Row:
    size, edges = layer.weight.element_size(), layer.weight.numel()
    structure = layer.topology().nbytes
    speed = None
    if batch is not None and isinstance(layer, SparseLinear):
        x = torch.rand(batch, layer.in_features, **place(layer.weight))
        found = speeds(layer.structure, x, layer.weight)
        speed = found.dense / found.sparse
    shape = f"{layer.out_features} x {layer.in_features}"
    return Row(name or "(model)", shape, layer.places, edges, size * layer.places, size * edges + structure, speed)


def _dense_rows(model: nn.Module) -> dict[str, Row]:
    rows = {}
    for each in candidates(model):
        reason = each.swap.refusal(each.module)
        if reason is not None:
            rows[each.name] = Row(each.name or "(model)", "", 0, 0, 0, 0, None, f"dense: {reason}")
            continue
        O, I = each.swap.weight(each.module).shape
        size = O * I * each.swap.parameter(each.module).element_size()
        rows[each.name] = Row(each.name or "(model)", f"{O} x {I}", O * I, O * I, size, size, None, "dense")
    return rows


def _other_rows(model: nn.Module) -> dict[str, Row]:
    rows = {}
    for name, module, reason in unserved(model):
        own = [each for each in module.parameters(recurse=False) if not isinstance(each, nn.UninitializedParameter)]
        count, size = sum(each.numel() for each in own), sum(each.nbytes for each in own)
        rows[name] = Row(name or "(model)", type(module).__name__, count, count, size, size, None, f"dense: {reason}")
    return rows


def _cells(row: Row) -> tuple[str, ...]:
    def of(part: int, whole: int) -> str:
        return f"{part:,} of {whole:,}" if whole else ""

    density = f"{row.density:.3g}" if row.places else ""
    speed = "" if row.speed_up is None else f"{row.speed_up:.1f}"
    counts = of(row.edges, row.places)
    return row.name, row.shape, counts, density, counts, of(row.bytes, row.dense_bytes), speed, row.note
