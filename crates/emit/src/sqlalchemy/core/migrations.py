"""What revisions are made of where Alembic has no word of its own."""

from __future__ import annotations

from collections.abc import Container, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any, cast

import sqlalchemy as sa
from alembic import context, op
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import ExecutableDDLElement
from sqlalchemy.sql.compiler import DDLCompiler

from .project import AUDIT, PRIVATE, SCHEMA

#: What the names of schemas begin with, on SQLite of tables, that hold what revisions have set aside.
ASIDE = "architrave_migrations_"


class Verbatim(ExecutableDDLElement):
    """One statement, as it stands: no `:name` in it is a parameter, and no `%` a placeholder."""

    inherit_cache = False

    def __init__(self, sql: str) -> None:
        self.sql = sql


@compiles(Verbatim)
def _verbatim(element: Verbatim, compiler: DDLCompiler, **kw: Any) -> str:
    return element.sql.replace("%", "%%") if compiler.dialect.paramstyle in ("format", "pyformat") else element.sql


def run(sql: str) -> None:
    """Runs one statement as it stands, or writes it when Alembic writes a script."""
    op.execute(Verbatim(sql))


@contextmanager
def keys_at_rest() -> Iterator[None]:
    """Lets SQLite's foreign keys rest while tables are made anew, all in one transaction; the statements look at the references themselves.

    No transaction takes the setting in. It is as before from the next one on, so that what was done and the number of the revision are
    written together.
    """
    script = context.is_offline_mode()
    if not script:
        op.get_bind().info["keys_at_rest"] = True
        run("COMMIT")
    run("PRAGMA foreign_keys = OFF")
    run("BEGIN IMMEDIATE")
    yield
    if script:
        run("COMMIT")
        run("PRAGMA foreign_keys = ON")


def run_in_batches(statement: str, condition: str, *, table: str, key: str, rows: int = 5_000) -> None:
    """Runs `statement condition`, whose last word is WHERE, for so many rows at a time in the order of a key.

    Outside of a transaction each batch is one of its own, and nobody waits for a row longer than a batch takes. When it is cut off, it can
    be run again. In a script it is one statement for all rows.
    """
    if context.is_offline_mode():
        run(f"{statement} {condition}")
        return
    columns = ", ".join(f"quote_literal(({column})::text)" for column in key.split(", "))
    behind = ""
    while True:
        rest = f"{table} WHERE {behind}" if behind else table
        end = Verbatim(f"SELECT {columns} FROM {rest} ORDER BY {key} OFFSET {rows - 1} LIMIT 1")
        last = op.get_bind().execute(end).first()
        until = f"({key}) <= ({', '.join(last)})" if last else ""
        run(" AND ".join(part for part in (f"{statement} ({condition}\n)", behind, until) if part))
        if not last:
            return
        behind = f"({key}) > ({', '.join(last)})"


def _plain(item: Any, columns: Container[str], *, nulls: bool) -> Any:
    """A part of an index as SQLite answers it: without its direction, and with empty values made equal."""
    if isinstance(item, sa.TextClause):
        text = item.text.removesuffix(" DESC")
        name = text[1:-1].replace('""', '"') if text.startswith('"') else text
        return name if name in columns else sa.text(text)
    return sa.text(f"coalesce({item.name}, x'')") if nulls and item.nullable else item


def _says_nothing(column: sa.Column[Any]) -> bool:
    """Whether a column of SQLite is never empty without a NOT NULL: a row number, or what a trigger fills in."""
    if column.type.python_type is int:
        return column.primary_key and len(column.table.primary_key) == 1
    return bool(column.foreign_keys) and type(column.server_default) is sa.FetchedValue


def target(metadata: sa.MetaData, *, sqlite: bool) -> sa.MetaData:
    """The models' tables as the database knows them: SQLite has no schemas."""
    if not sqlite:
        return metadata
    plain = sa.MetaData(naming_convention=metadata.naming_convention)
    for table in metadata.tables.values():
        copy = table.to_metadata(plain, schema=cast("Any", None), referred_schema_fn=lambda *_: None)
        for column in copy.columns:
            if _says_nothing(column):
                column.nullable = True
        for constraint in copy.foreign_key_constraints:
            if constraint.ondelete and "(" in constraint.ondelete:
                constraint.ondelete = None  # a trigger empties the reference alone
        for index in list(copy.indexes):
            distinct = index.dialect_kwargs.get("postgresql_nulls_not_distinct")
            if not distinct and not any(isinstance(item, sa.TextClause) for item in index.expressions):
                continue
            copy.indexes.discard(index)
            sa.Index(
                index.name,
                *(_plain(item, copy.columns.keys(), nulls=bool(distinct)) for item in index.expressions),
                unique=index.unique,
                _table=copy,
                **{k: v for k, v in index.dialect_kwargs.items() if k.startswith("sqlite")},
            )
    return plain


def not_ours(name: str | None, kind: str, parents: Any) -> bool:
    """For `include_name` in an environment of the application's own: leaves out what these migrations keep."""
    if kind == "schema":
        return name not in (SCHEMA, PRIVATE, AUDIT) and not (name or "").startswith(ASIDE)
    if kind != "table" or name is None or context.get_context().dialect.name != "sqlite":
        return True
    metadata: sa.MetaData = import_module(f"{__package__.rsplit('.', 1)[0]}.models").Base.metadata
    ours = {table.name for table in metadata.tables.values()}
    return name not in ours and not name.startswith((f"{PRIVATE}_", f"{AUDIT}_", ASIDE))
