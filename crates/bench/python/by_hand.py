"""Writes the models of a generated package as somebody would by hand: plain SQLAlchemy and plain Pydantic, column by column.

What it writes has the same tables, columns, keys, checks, indexes and relations, and the same fields in its schemas. It has no
mixins, no support package and no column types of its own, does not say what is the default anyway, and leaves out comments,
functions and sessions: what is compared with it is not allowed to win by being compared with something clumsy.
"""

from __future__ import annotations

import enum
import types
import typing
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from pydantic import AliasPath, BaseModel, SecretStr
from pydantic_core import PydanticUndefined
from sqlalchemy import orm
from sqlalchemy.orm.interfaces import MANYTOONE

BASE = """from sqlalchemy import MetaData
from sqlalchemy.orm import DeclarativeBase


class Base(DeclarativeBase):
    metadata = MetaData(schema={schema!r})
"""
MODEL = """from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from .base import Base
{imports}

"""
SCHEMA = """from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from pydantic import AliasPath, AwareDatetime, BaseModel, ConfigDict, Field, SecretStr
{imports}

"""
CONFIG = {
    "Read": "from_attributes=True, frozen=True",
    "Create": 'extra="forbid", str_strip_whitespace=True',
    "Update": 'extra="forbid", str_strip_whitespace=True',
}


def write(models: Any, schemas: Any, folder: Path) -> None:
    """The package for the classes of two modules, in a folder."""
    mappers = sorted(models.Base.registry.mappers, key=lambda mapper: mapper.class_.__name__)
    for name in ("models", "schemas"):
        (folder / name).mkdir(parents=True)
    (folder / "__init__.py").touch()
    (folder / "models/base.py").write_text(BASE.format(schema=models.Base.metadata.schema))
    enums = {one for one in vars(models).values() if isinstance(one, type) and issubclass(one, enum.StrEnum)}
    (folder / "models/enums.py").write_text("import enum\n" + "".join(_enum(one) for one in enums))
    _list(folder / "models/__init__.py", {"Base": "base"} | {one.class_.__name__: _module(one) for one in mappers})
    written = {}
    for mapper in mappers:
        (folder / f"models/{_module(mapper)}.py").write_text(_model(mapper, models.Base.metadata))
        classes = [getattr(schemas, mapper.class_.__name__ + kind, None) for kind in CONFIG]
        if present := [one for one in classes if one is not None]:
            (folder / f"schemas/{_module(mapper)}.py").write_text(_schemas(present))
            written |= {one.__name__: _module(mapper) for one in present}
    _list(folder / "schemas/__init__.py", written)


def _module(mapper: orm.Mapper[Any]) -> str:
    return str(mapper.class_.__module__).rpartition(".")[2]


def _list(path: Path, names: dict[str, str]) -> None:
    lines = [f"from .{module} import {name}" for name, module in names.items()]
    path.write_text("\n".join([*lines, f"\n__all__ = {sorted(names)!r}\n"]))


def _enum(one: type[enum.StrEnum]) -> str:
    members = "".join(f"    {member.name} = {member.value!r}\n" for member in one)
    return f"\n\nclass {one.__name__}(enum.StrEnum):\n{members}"


# ── models ───────────────────────────────────────────────────────────────────


def _model(mapper: orm.Mapper[Any], metadata: sa.MetaData) -> str:
    table = typing.cast("sa.Table", mapper.local_table)
    uses = {type_.members.__name__ for column in table.columns if hasattr(type_ := column.type, "members")}
    imports = [f"from .enums import {name}" for name in sorted(uses)]
    others = {relation.mapper for relation in mapper.relationships} - {mapper}
    if others:
        known = sorted(f"    from .{_module(other)} import {other.class_.__name__}" for other in others)
        imports += ["\nif TYPE_CHECKING:", *known]
    lines = [f"class {mapper.class_.__name__}(Base):", f"    __tablename__ = {table.name!r}", ""]
    lines += [_column(mapper, column) for column in table.columns]
    lines += [_relation(mapper, relation) for relation in mapper.relationships]
    if (version := mapper.version_id_col) is not None:
        lines.append(f'    __mapper_args__ = {{"version_id_col": {version.name}, "version_id_generator": False, ')
        lines[-1] += '"eager_defaults": True}'
    arguments = [text for one in _arguments(table) if (text := one)]
    if arguments:
        lines.append("    __table_args__ = (\n" + "".join(f"        {one},\n" for one in arguments) + "    )")
    beside = metadata.tables.get(f"{table.fullname}_access")
    return (
        MODEL.format(imports="\n".join(imports)) + "\n".join(lines) + "\n" + ("" if beside is None else _beside(beside))
    )


def _column(mapper: orm.Mapper[Any], column: sa.Column[Any]) -> str:
    attribute = mapper.get_property_by_column(column).key
    arguments = [] if attribute == column.name else [repr(column.name)]
    arguments += [_type(column.type), *_key(column)]
    if column.primary_key:
        arguments.append("primary_key=True")
    if column.unique:
        arguments.append("unique=True")
    arguments += _defaults(column)
    if mapper.attrs[attribute].deferred:
        arguments.append("deferred=True, deferred_raiseload=True")
    return f"    {attribute}: Mapped[{_python(column)}] = mapped_column({', '.join(arguments)})"


def _key(column: sa.Column[Any]) -> list[str]:
    single = [key for key in column.foreign_keys if key.constraint is not None and len(key.constraint.columns) == 1]
    found = [
        f"sa.ForeignKey({key._get_colspec()!r}, ondelete={key.ondelete!r}, name={str(key.constraint.name)!r})"
        for key in single
        if key.constraint is not None
    ]
    return [*found, "sa.Identity(always=True)"] if column.identity else found


def _defaults(column: sa.Column[Any]) -> list[str]:
    found = []
    if isinstance(column.server_default, sa.DefaultClause):
        default = column.server_default.arg
        found.append(
            f"server_default=sa.text({str(default)!r})"
            if isinstance(default, sa.TextClause)
            else f"server_default={default!r}"
        )
    elif column.server_default is not None and not column.identity:
        found.append("server_default=sa.FetchedValue()")
    if column.server_onupdate is not None:
        found.append("server_onupdate=sa.FetchedValue(for_update=True)")
    return found


def _type(kind: Any) -> str:
    match type(kind).__name__:
        case "Instant":
            return "sa.DateTime(timezone=True)"
        case "Guid":
            return "sa.Uuid()"
        case "Exact":
            return f"sa.Numeric({kind.precision}, {kind.scale})"
        case "Json":
            return "sa.JSON(none_as_null=True)"
        case "Choice":
            return f"sa.Enum({kind.members.__name__}, native_enum=False)"
        case "BigInteger":
            return "sa.BigInteger()"
        case "EmailAddress":
            return "sa.Text()"
        case plain:
            return f"sa.{plain}()"


def _python(column: sa.Column[Any]) -> str:
    kind: Any = column.type
    name = type(kind).__name__
    known = {"Instant": "dt.datetime", "Guid": "uuid.UUID", "Exact": "Decimal", "Json": "Any", "EmailAddress": "str"}
    python = kind.members.__name__ if name == "Choice" else known.get(name) or kind.python_type.__name__
    return f"{python} | None" if column.nullable else python


def _relation(mapper: orm.Mapper[Any], relation: orm.RelationshipProperty[Any]) -> str:
    other = relation.mapper.class_.__name__
    name = f"list[{other}]" if relation.uselist else other
    keys = [pair for pair in relation.local_remote_pairs or ()]
    one = relation.direction is MANYTOONE
    foreign = keys[0][0] if one else keys[0][1]
    arguments = [f"foreign_keys=[{foreign.name}]" if one else f'foreign_keys="{other}.{foreign.name}"']
    if relation.mapper is mapper and one:
        arguments.append(f"remote_side=[{keys[0][1].name}]")
    if one and keys[0][0].nullable:
        name = f"{name} | None"
    if relation.back_populates:
        arguments.append(f"back_populates={relation.back_populates!r}")
    if relation.viewonly:
        arguments.append("viewonly=True")
    elif relation.passive_deletes:
        arguments.append(f"passive_deletes={relation.passive_deletes!r}")
    return f'    {relation.key}: Mapped[{name}] = relationship({", ".join(arguments)}, lazy="raise_on_sql")'


def _arguments(table: sa.Table) -> typing.Iterator[str]:
    for constraint in sorted(table.constraints, key=lambda one: str(one.name)):
        name = f"name={str(constraint.name)!r}"
        match constraint:
            case sa.UniqueConstraint() if not any(column.unique for column in constraint.columns):
                yield f"sa.UniqueConstraint({', '.join(repr(c.name) for c in constraint.columns)}, {name})"
            case sa.CheckConstraint():
                yield f"sa.CheckConstraint({str(constraint.sqltext)!r}, {name})"
            case sa.ForeignKeyConstraint() if len(constraint.columns) > 1:
                own = [column.name for column in constraint.columns]
                theirs = [key._get_colspec() for key in constraint.elements]
                yield f"sa.ForeignKeyConstraint({own!r}, {theirs!r}, ondelete={constraint.ondelete!r}, {name})"
    for index in sorted(table.indexes, key=lambda one: str(one.name)):
        arguments = [repr(str(index.name)), *(_indexed(one) for one in index.expressions)]
        if index.unique:
            arguments.append("unique=True")
        for dialect in ("postgresql", "sqlite"):
            if (condition := index.dialect_options[dialect]["where"]) is not None:
                arguments.append(f"{dialect}_where=sa.text({str(condition)!r})")
        for option in ("nulls_not_distinct", "ops"):
            if value := index.dialect_options["postgresql"][option]:
                arguments.append(f"postgresql_{option}={value!r}")
        yield f"sa.Index({', '.join(arguments)})"
    if table.dialect_kwargs:
        yield repr(dict(table.dialect_kwargs))


def _indexed(one: Any) -> str:
    return repr(one.name) if isinstance(one, sa.Column) else f"sa.text({str(one)!r})"


def _beside(table: sa.Table) -> str:
    columns = []
    for column in table.columns:
        arguments = [repr(column.name), _type(column.type), *_key(column), *_defaults(column)]
        arguments.append("primary_key=True, autoincrement=False" if column.primary_key else "nullable=False")
        columns.append(f"    sa.Column({', '.join(arguments)}),\n")
    return f"\n{table.name} = sa.Table(\n    {table.name!r},\n    Base.metadata,\n{''.join(columns)})\n"


# ── schemas ──────────────────────────────────────────────────────────────────


def _schemas(classes: list[type[BaseModel]]) -> str:
    uses: set[str] = set()
    bodies = [_schema(one, uses) for one in classes]
    imports = "".join(f"\nfrom ..models.enums import {name}" for name in sorted(uses))
    return SCHEMA.format(imports=imports) + "\n\n".join(bodies)


def _schema(one: type[BaseModel], uses: set[str]) -> str:
    kind = next(kind for kind in CONFIG if one.__name__.endswith(kind))
    lines = [f"class {one.__name__}(BaseModel):", f"    model_config = ConfigDict({CONFIG[kind]})", ""]
    for name, info in one.model_fields.items():
        rules = _rules(info.metadata)
        python, inner = _plain(info.annotation, uses)
        rules |= inner
        options = [f"{rule}={value!r}" for rule, value in rules.items()]
        alias = info.validation_alias
        if isinstance(alias, AliasPath):
            options.append(f"validation_alias=AliasPath({', '.join(repr(part) for part in alias.path)})")
        elif alias is not None:
            options.append(f"validation_alias={alias!r}")
        annotation = f"Annotated[{python}, Field({', '.join(options)})]" if options else python
        default = ""
        if info.default_factory is not None:
            default = " = Field(default_factory=list)"
        elif info.default is not PydanticUndefined:
            value = info.default
            default = f" = {type(value).__name__}.{value.name}" if isinstance(value, enum.Enum) else f" = {value!r}"
        lines.append(f"    {name}: {annotation}{default}")
    return "\n".join(lines) + "\n"


def _plain(annotation: Any, uses: set[str]) -> tuple[str, dict[str, Any]]:
    """The type of a field without what validates it in code, and its rules."""
    origin = typing.get_origin(annotation)
    if origin is typing.Annotated:
        inner, *metadata = typing.get_args(annotation)
        python, rules = _plain(inner, uses)
        return python, rules | _rules(metadata)
    if origin in (typing.Union, types.UnionType):
        parts = [_plain(one, uses) for one in typing.get_args(annotation) if one is not type(None)]
        return f"{parts[0][0]} | None", parts[0][1]
    if origin is list:
        return f"list[{_plain(typing.get_args(annotation)[0], uses)[0]}]", {}
    if annotation is Any or annotation is SecretStr:
        return ("Any" if annotation is Any else "SecretStr"), {}
    if issubclass(annotation, enum.Enum):
        uses.add(annotation.__name__)
    return {"datetime": "AwareDatetime"}.get(annotation.__name__, annotation.__name__), {}


def _rules(metadata: typing.Iterable[Any]) -> dict[str, Any]:
    """What Pydantic knows by itself: lengths, ranges, digits, patterns."""
    words = ("min_length", "max_length", "ge", "le", "gt", "lt", "pattern", "max_digits", "decimal_places")
    found: dict[str, Any] = {}
    for one in metadata:
        for piece in getattr(one, "metadata", None) or [one]:
            for word in words:
                value = getattr(piece, word, None) if not callable(piece) else None
                if value is not None:
                    found[word] = value
    return found
