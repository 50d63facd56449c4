"""What a database refuses, said in the words of the schema: which field, which rule, never which value."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import NoReturn

import sqlalchemy as sa
from sqlalchemy.engine.interfaces import ExceptionContext
from sqlalchemy.orm.interfaces import MANYTOONE

from .database import Base
from .project import PRIVATE


class Refused(Exception):
    """The database refused a change."""

    def __init__(self, table: str | None = None, fields: tuple[str, ...] = (), rule: str | None = None) -> None:
        self.table, self.fields, self.rule = table, fields, rule
        what = ", ".join(fields) or "the row"
        super().__init__(f"{type(self).__name__}: {what}" + (f" ({rule})" if rule else ""))


class NotUnique(Refused):
    """There is such a row already."""


class Invalid(Refused):
    """A value breaks a rule of its field or of its row."""


class BadReference(Refused):
    """The row refers to one that is not there, or others still refer to it."""


class Stale(Refused):
    """The row was changed since it was read."""


class Forbidden(Refused):
    """Whoever acts may not do this."""


class Busy(Refused):
    """Others were in the way; trying again may help."""


class NotFound(Refused):
    """There is no such row, or not for whoever acts: nobody can tell which."""


_KINDS: dict[str, type[Refused]] = {
    "23505": NotUnique,
    "23514": Invalid,
    "23502": Invalid,
    "54000": Invalid,
    "23503": BadReference,
    "42501": Forbidden,
    "28000": Forbidden,
    "40001": Busy,
    "40P01": Busy,
}
#: What a driver refuses before it is sent: too large a number, half a letter.
_UNSENDABLE = (OverflowError, UnicodeError)
_SQLITE = (
    (re.compile(rf"^CHECK constraint failed: {PRIVATE}_context_(?P<name>\w+)"), Forbidden),
    (re.compile(r"^UNIQUE constraint failed: index '(?P<name>\w+)'"), NotUnique),
    (re.compile(r"^UNIQUE constraint failed: (?P<columns>.+)"), NotUnique),
    (re.compile(r"^CHECK constraint failed: (?P<name>\w+)"), Invalid),
    (re.compile(r"^NOT NULL constraint failed: (?P<columns>.+)"), Invalid),
    (re.compile(r"^FOREIGN KEY constraint failed"), BadReference),
    (re.compile(r"^database is locked"), Busy),
)


def translated(error: BaseException) -> Refused | None:
    """The refusal that a driver's error stands for."""
    found = [e for e in _causes(error) if getattr(e, "sqlstate", None)]
    if found:
        # psycopg says where in `diag`; asyncpg in its own error, behind the one that SQLAlchemy made of it
        diag = getattr(found[-1], "diag", found[-1])
        state, name = str(found[-1].sqlstate), getattr(diag, "constraint_name", None)  # type: ignore[attr-defined]
        table, column = getattr(diag, "table_name", None), getattr(diag, "column_name", None)
        return _refusal(state, table, name, column)
    if any(isinstance(e, _UNSENDABLE) or type(e).__name__ == "DataError" for e in _causes(error)):
        return Invalid()
    text = str(error)
    if match := re.search(r"architrave:(\w+):(\w+):(\w+)", text):
        return _refusal(match[1], match[2], f"{match[2]}_{match[3]}", None)
    for pattern, kind in _SQLITE:
        if match := pattern.search(text):
            groups = match.groupdict()
            if name := groups.get("name"):
                return kind(*_place(None, name))
            columns = [part.strip().partition(".") for part in groups.get("columns", "").split(",")]
            table = columns[0][0] or None
            return kind(table, _fields(table, [c[2] for c in columns if c[2]]), None)
    return None


def _refusal(state: str, table: str | None, name: str | None, column: str | None) -> Refused | None:
    kind = _KINDS.get(state, Invalid if state.startswith("22") else None)  # 22: a value of a type is none of it
    if kind is None:
        return None
    if kind is Busy and name is not None and re.search(r"_version(_conflict)?$", name):
        kind = Stale
    if name is None:
        return kind(table, _fields(table, [column] if column else []), None)
    return kind(*_place(table, name))


def _place(table: str | None, name: str) -> tuple[str | None, tuple[str, ...], str | None]:
    """What a name says: that of a key or an index is looked up, others are `<table>_<column>_<rule>`."""
    if name in _named():
        table, columns = _named()[name]
        return table, _fields(table, columns), None
    for known in Base.metadata.tables.values():
        if (table is None or known.name == table) and name.startswith(f"{known.name}_"):
            rest = name.removeprefix(f"{known.name}_")
            column = max((c.name for c in known.columns if rest.startswith(f"{c.name}_")), key=len, default=None)
            if column is not None:
                return known.name, _fields(known.name, [column]), rest[len(column) + 1 :]
            if table is not None:
                return table, (), rest
    return table, (), name


_KEYS = (sa.PrimaryKeyConstraint, sa.UniqueConstraint, sa.ForeignKeyConstraint, sa.Index)


@cache
def _named() -> dict[str, tuple[str, list[str]]]:
    """Keys, foreign keys and indexes by name: such a name can be read in two ways."""
    named: dict[str, tuple[str, list[str]]] = {}
    for table in Base.metadata.tables.values():
        for constraint in (*table.constraints, *table.indexes):
            if isinstance(constraint, _KEYS):
                named[str(constraint.name)] = (table.name, [column.name for column in constraint.columns])
    return named


def _fields(table: str | None, columns: list[str]) -> tuple[str, ...]:
    """What the outside calls columns: the names of attributes, and of relations for their keys."""
    columns = [column.removesuffix("_bidx") for column in columns]
    for mapper in Base.registry.mappers:
        if mapper.local_table.description == table:
            hidden = {getattr(mapper.class_, "__owner__", "tenant_id"), "tenant_id"} if len(columns) > 1 else set()
            relations = {
                column.name: relation.key
                for relation in mapper.relationships
                if relation.direction is MANYTOONE
                for column in relation.local_columns
            }
            return tuple(
                relations.get(c) or mapper.get_property_by_column(mapper.local_table.c[c]).key
                for c in columns
                if c not in hidden
            )
    return tuple(columns)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = getattr(error, "orig", None) or error.__cause__


def scrub(context: ExceptionContext) -> BaseException | None:
    """An engine's `handle_error`: values go out of the driver's errors, and what is understood is translated."""
    refused = translated(context.original_exception)
    for error in _causes(context.original_exception):
        error.args = ("(withheld: a driver's error may hold values)",)
        for name in ("detail", "message", "hint", "query", "internal_query", "where"):
            if isinstance(getattr(error, name, None), str):
                error.__dict__[name] = None
        if isinstance(error, UnicodeEncodeError):
            error.object, error.start, error.end = "", 0, 0
    return refused


def raise_alone(error: Refused) -> NoReturn:
    """Raises an error that carries no other one behind it. Call it outside of any `except`."""
    error.__cause__ = error.__context__ = None
    error.__suppress_context__ = True
    raise error.with_traceback(None)
