"""A study as a TOML file: a list of values is an axis of the grid."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from gossamer.errors import StudyFileError, require_known
from gossamer.studies.measures import known_measures
from gossamer.studies.plan import names
from gossamer.studies.plan.constructions import DENSE, is_given, require_topology
from gossamer.studies.plan.file_errors import no_toml, told, where
from gossamer.studies.store.result import DEFAULT_MEASURES
from gossamer.training.data import require_data

T = TypeVar("T")
STATIC = "static"


def _axis(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else (value,)


def _seeds(value: Any) -> Any:
    if not isinstance(value, list):
        raise ValueError(  # noqa: TRY004 (pydantic collects these)
            "seeds must be a list, such as [0, 1, 2]."
        )
    return tuple(value)


def _checked(check: Callable[[Any], object]) -> AfterValidator:
    def validate(value: T) -> T:
        check(value)
        return value

    return AfterValidator(validate)


Axis = Annotated[tuple[T, ...], BeforeValidator(_axis), Field(min_length=1)]
"""One value or a list of them."""
Share = Annotated[float, Field(ge=0, lt=1)]
Count = Annotated[int, Field(ge=1)]
Width = Annotated[int, Field(ge=1, le=names.MOST_NEURONS)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class RuleTable(_Table):
    """A rewiring rule with its settings, such as `{rewire = "rigl", fraction = 0.3, every = 100}`.

    Args:
        rewire: the rule's name.
        fraction: share of edges that an update moves.
        every: steps between updates; an epoch if not given.
        until: last step with an update; three quarters of the training if not given.
    """

    rewire: str
    fraction: Annotated[float, Field(gt=0, le=1)] | None = None
    every: Count | None = None
    until: Count | None = None

    def __str__(self) -> str:
        settings = self.model_dump(exclude_none=True, exclude={"rewire"})
        return f"{self.rewire}({', '.join(f'{name}={value}' for name, value in settings.items())})"


class Training(_Table):
    """How the networks are made and trained; each field may be a list, and is an axis then."""

    epochs: Axis[Count] = (10,)
    batch_size: Axis[Count] = (128,)
    optimizer: Axis[Annotated[str, _checked(lambda name: names.optimizer(name, None, 0.9, 0.0))]] = ("adam",)
    lr: Axis[Positive | None] = (None,)
    momentum: Axis[Annotated[float, Field(ge=0, le=1)]] = (0.9,)
    weight_decay: Axis[Annotated[float, Field(ge=0, allow_inf_nan=False)]] = (0.0,)
    schedule: Axis[Annotated[str, _checked(names.schedule)]] = ("cosine",)
    loss: Axis[Annotated[str | None, _checked(names.loss)]] = (None,)
    activation: Axis[Annotated[str, _checked(names.activation)]] = ("relu",)
    initialization: Axis[Annotated[str, _checked(names.initialization)]] = ("kaiming",)
    input_dropout: Axis[Share] = (0.0,)
    dropout: Axis[Share] = (0.0,)
    validation: Axis[Share] = (0.1,)
    patience: Axis[Count | None] = (None,)


def _rule_table(value: Any) -> Any:
    return {"rewire": value} if isinstance(value, str) else value


def _known_rule(table: RuleTable) -> None:
    names.rule(table.rewire, table.fraction, names.Course(1, 1))


_AXES = ("data", "topology", "degree", "density", "hidden", "rule", "seeds", "measures")


class StudyFile(_Table):
    """What a study file says.

    Args:
        name: of the study; the file's name if not given.
        data: names of data sets; or tables such as "my.csv:price", folders of images, or "module:function".
        topology: names of constructions, "dense", or "narrow": a fully connected network with as many edges as the
            sparse ones of each degree or density, which has fewer neurons; or files of networks, which say themselves
            how many edges and hidden neurons there are; or "module:function".
        degree: edges of each input, whatever the construction: equal cost for all. One number leaves the last junction
            fully connected; text such as "16,16,dense" says it for each.
        density: instead of degrees, the share of the possible edges; the nearest count that there is.
        hidden: neurons of the hidden layer, or text such as "300,300" for several.
        rule: names or tables of rewiring rules.
        seeds: each decides topology, weights, order, dropout and rewiring.
        measures: names of what is measured of every topology.
        training: how.
    """

    name: str = ""
    data: Axis[Annotated[str, _checked(require_data)]]
    topology: Axis[Annotated[str, _checked(require_topology)]]
    degree: Axis[Count | str] | None = None
    density: Axis[Annotated[float, Field(gt=0, le=1)] | str] | None = None
    hidden: Axis[Width | Annotated[str, _checked(lambda text: names.numbers("hidden", text))]] = (1000,)
    rule: Axis[Annotated[RuleTable, BeforeValidator(_rule_table), _checked(_known_rule)]] = (RuleTable(rewire=STATIC),)
    seeds: Annotated[tuple[Annotated[int, Field(ge=0)], ...], BeforeValidator(_seeds), Field(min_length=1)]
    measures: Annotated[
        tuple[Annotated[str, _checked(lambda name: require_known("measure", name, known_measures([name])))], ...],
        BeforeValidator(_axis),
    ] = DEFAULT_MEASURES
    training: Training = Training()

    def contradiction(self) -> tuple[str, str] | None:
        """A field that contradicts the others, and why; None if there is none."""
        sparse = [name for name in self.topology if name != DENSE and not is_given(name)]
        if self.degree is not None and self.density is not None:
            return "density", "contradicts degree: give one of them."
        if sparse and self.degree is None and self.density is None:
            return "topology", f"{sparse[0]} needs a degree or a density."
        for field in ("degree", "density"):
            if not sparse and getattr(self, field) is not None:
                return field, "is not allowed for dense networks and files: they say themselves which edges there are."
        axes = {field: getattr(self, field) or () for field in _AXES}
        for field, values in (axes | {f"training.{name}": value for name, value in self.training}).items():
            words = [str(value) for value in values]  # 64 and "64" are one width
            twice = [word for word in words if words.count(word) > 1]
            if twice:
                return field, f"has {twice[0]} twice."
        if 0.0 in self.training.validation and self.training.patience != (None,):
            return "training.patience", "needs validation above 0: epochs are judged by the examples held out."
        return None


_TABLES: dict[str, type[BaseModel]] = {"": StudyFile, "training": Training, "rule": RuleTable}
"""The models by the first field of a table's place; "" is the whole file."""


def read(path: Path) -> StudyFile:
    """Read a study file.

    Raises:
        StudyFileError: it is no TOML, or a field is unknown, contradicts another, or has a value that is not allowed;
            the message names file, line and field.
        OSError: it cannot be read.
    """
    try:
        text = path.read_text()
        content = tomllib.loads(text)
        plan = StudyFile.model_validate({"name": path.stem, **content})
    except FileNotFoundError:
        raise FileNotFoundError(f"there is no study file {path}; gossamer new FOLDER makes one.") from None
    except RecursionError:
        raise StudyFileError(f"{path} is nested too deeply: it may have tables of values and of lists.") from None
    except UnicodeDecodeError as error:
        raise StudyFileError(f"{path} is no text: {error}.") from error
    except ValidationError as error:
        raise StudyFileError(told(error, path, text, _TABLES)) from error
    except ValueError as error:  # no TOML, or a number of more digits than Python reads
        raise StudyFileError(no_toml(error, path, text)) from error
    found = plan.contradiction()
    if found is not None:
        field, why = found
        raise StudyFileError(f"{where(path, text, field.split('.'))}, {field} {why}")
    return plan
