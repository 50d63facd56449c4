"""The base of all models, and what they have in common."""

from __future__ import annotations

import datetime as dt
import re
import secrets
import time
import uuid
from calendar import monthrange
from collections.abc import Sequence
from functools import cache
from importlib import import_module
from inspect import cleandoc
from typing import TYPE_CHECKING, Any, ClassVar, Final, TypeAlias, TypeVar, cast

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    MappedColumn,
    declared_attr,
    joinedload,
    mapped_column,
    registry,
    synonym,
)
from sqlalchemy.orm.interfaces import MANYTOONE, ORMOption
from sqlalchemy.sql.compiler import SQLCompiler

from .project import SCHEMA
from .types import BigInt, Day, Guid, Instant, Key

D = TypeVar("D", bound=dt.date)

#: Personal data: masked for readers, emptied by erasure, never in a log.
PERSONAL: Final = {"privacy": "personal"}
#: Personal data of a special category.
SPECIAL: Final = {"privacy": "special"}
#: Never leaves, never logged.
SECRET: Final = {"privacy": "secret"}

#: Kept by the database: nobody else writes it, and it is read again after every change.
KEPT: Final = sa.FetchedValue()


def kept(*args: Any, **options: Any) -> MappedColumn[Any]:
    """A column that the database keeps, through every change of the row."""
    return mapped_column(*args, server_default=KEPT, server_onupdate=sa.FetchedValue(for_update=True), **options)


class Base(DeclarativeBase):
    """What every model is."""

    registry = registry(
        metadata=sa.MetaData(
            schema=SCHEMA,
            naming_convention={
                "pk": "%(table_name)s_pkey",
                "uq": "%(table_name)s_%(column_0_N_name)s_key",
                "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
                "ix": "%(table_name)s_%(column_0_N_name)s_idx",
            },
        ),
        type_annotation_map={str: sa.Text(), int: sa.Integer(), dt.datetime: Instant(), uuid.UUID: Guid()},
    )

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        table = cls.__dict__.get("__table__")
        if isinstance(table, sa.Table) and table.comment is None and cls.__doc__:
            table.comment = cleandoc(cls.__doc__)

    def to_dict_secure(self) -> dict[str, Any]:
        """What may leave the system, as JSON: public ids only, nothing secret."""
        schemas = import_module(f"{__package__.rsplit('.', 1)[0]}.schemas")
        read = getattr(schemas, f"{type(self).__name__}Read")
        return cast("dict[str, Any]", read.model_validate(self).model_dump(mode="json"))

    def __repr__(self) -> str:
        known = self.__dict__
        name = known.get("public_id") or (known.get("id") if isinstance(known.get("id"), uuid.UUID) else None)
        return f"<{type(self).__name__} {name or '(new)'}>"


class Named:
    """Rows that have a name outside."""

    if TYPE_CHECKING:
        id: Any
        public_id: Any


class Identified(Named):
    """Two keys: one inside, which joins, and one outside, which cannot be guessed."""

    id: Mapped[Key] = mapped_column(
        sa.Identity(always=True),
        primary_key=True,
        autoincrement=True,
        comment="Internal key; never leaves the database",
    )
    public_id: Mapped[uuid.UUID] = mapped_column(
        unique=True, server_default=KEPT, comment="What the outside calls the row"
    )


class IdentifiedByUuid(Named):
    """One random key, inside and outside."""

    #: Whether it tells the time at which the row was made.
    __timed__: ClassVar = False

    id: Mapped[uuid.UUID] = mapped_column(
        primary_key=True, server_default=KEPT, comment="The row's name, inside and outside"
    )

    @declared_attr
    def public_id(cls) -> Mapped[uuid.UUID]:
        return synonym("id")


class Timed:
    """When the row was made and changed."""

    created_at: Mapped[dt.datetime] = mapped_column(server_default=KEPT, comment="When the row was made")
    updated_at: Mapped[dt.datetime] = kept(comment="When the row was changed last")


class Authored:
    """Who made and changed the row: pseudonyms."""

    created_by: Mapped[Key] = mapped_column(
        sa.ForeignKey("actors.id", ondelete="RESTRICT"), server_default=KEPT, comment="Who made the row"
    )
    updated_by: Mapped[Key] = kept(sa.ForeignKey("actors.id", ondelete="RESTRICT"), comment="Who changed the row last")


class Versioned:
    """A number that every change raises, in the database: whoever has a stale one is refused."""

    version: Mapped[int] = kept(comment="Raised by every change; a stale one is refused")

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, Any]:
        return {"version_id_col": cls.version, "version_id_generator": False, "eager_defaults": True}


class Unversioned:
    """Without versions: the last change wins."""

    __mapper_args__: ClassVar = {"eager_defaults": True}


class Mortal:
    """Deleted rows stay, out of sight of every query that does not say `include_deleted`."""

    deleted_at: Mapped[dt.datetime | None] = kept(comment="When the row was deleted; empty while it lives")
    deletion_reason: Mapped[str | None] = kept(comment="Why the row was deleted")
    deletion_batch: Mapped[uuid.UUID | None] = kept(comment="What fell together, and is restored together")

    @property
    def is_deleted(self) -> bool:
        return self.deleted_at is not None


class SoftDeleted(Mortal):
    """The same, and who deleted the row."""

    deleted_by: Mapped[Key | None] = kept(
        sa.ForeignKey("actors.id", ondelete="RESTRICT"), comment="Who deleted the row"
    )


class Owned:
    """Rows of one person. `__owner__` names the column with that person's internal key."""

    __owner__: ClassVar[str] = ""

    @classmethod
    def owner_key(cls) -> sa.ColumnElement[int]:
        return (
            cast("sa.ColumnElement[int]", getattr(cls, cls.__owner__)) if cls.__owner__ else sa.literal_column("NULL")
        )

    @classmethod
    def __readable__(cls) -> sa.ColumnElement[bool]:
        """Which rows of others everyone may read."""
        return sa.false()

    @classmethod
    def __changeable__(cls) -> sa.ColumnElement[bool]:
        """Which rows of others everyone may change."""
        return sa.false()

    @classmethod
    def __deletable__(cls) -> sa.ColumnElement[bool]:
        """Which rows of others everyone may delete."""
        return sa.false()


class OfTenant:
    """Rows of one tenant."""

    tenant_id: Mapped[Key] = kept(comment="The tenant; filled from the context")


class Accessed:
    """Reads are counted in a table beside this one, so that reading never writes to the row."""

    __accesses__: ClassVar[sa.Table]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        table = cls.__dict__.get("__table__")
        if not isinstance(table, sa.Table):
            return
        (key,) = table.primary_key.columns
        cls.__accesses__ = sa.Table(
            f"{table.name}_access",
            table.metadata,
            sa.Column(
                "row_id",
                key.type,
                sa.ForeignKey(f"{table.name}.{key.name}", ondelete="CASCADE"),
                primary_key=True,
                autoincrement=False,
                comment=f"The row of `{table.name}`",
            ),
            sa.Column(
                "last_accessed", Instant(), nullable=False, server_default=KEPT, comment="When the row was read last"
            ),
            sa.Column(
                "access_count",
                BigInt,
                nullable=False,
                server_default=sa.text("1"),
                comment="How often it was read, counted once a minute at most",
            ),
            comment=f"When rows of `{table.name}` were read: apart, so that reading never writes to the row",
        )


R = TypeVar("R", bound=Named)

#: A row, or what the outside calls it.
Ref: TypeAlias = R | uuid.UUID


def key(model: type[R], ref: R | uuid.UUID) -> Any:
    """The internal key of a row that is given by itself or by its public id."""
    if isinstance(ref, uuid.UUID):
        return sa.select(model.id).where(model.public_id == ref).scalar_subquery()
    return ref.id


@cache
def _reading(model: Any) -> Sequence[ORMOption]:
    return tuple(
        joinedload(relation.class_attribute).load_only(relation.mapper.class_.public_id, raiseload=True)
        for relation in sa.inspect(model).relationships
        if relation.direction is MANYTOONE and hasattr(relation.mapper.class_, "public_id")
    )


def reading(model: type[Any]) -> Sequence[ORMOption]:
    """What is loaded beside a row so that it can be shown: the public ids of the rows it refers to."""
    return _reading(cast("Any", model))


def new_uuid(*, timed: bool) -> uuid.UUID:
    """A random key, of version 4 or 7, where the database cannot answer the one that it makes."""
    if not timed:
        return uuid.uuid4()
    value = time.time_ns() // 1_000_000 << 80 | secrets.randbits(80)
    return uuid.UUID(int=value & ~(0xF << 76 | 0x3 << 62) | 0x7 << 76 | 0x2 << 62)


def snake(name: str) -> str:
    """`OrderLine` is `order_line`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


class now(sa.sql.functions.FunctionElement[dt.datetime]):
    """The database's clock."""

    type = Instant()
    inherit_cache = True


@compiles(now)
def _now(element: now, compiler: SQLCompiler, **kw: Any) -> str:
    return "now()"


@compiles(now, "sqlite")
def _now_sqlite(element: now, compiler: SQLCompiler, **kw: Any) -> str:
    return compiler.process(sa.func.strftime(sa.literal("%Y-%m-%dT%H:%M:%fZ"), sa.literal("now")), **kw)


class today(sa.sql.functions.FunctionElement[dt.date]):
    """The database's day, in UTC."""

    type = Day()
    inherit_cache = True


@compiles(today)
def _today(element: today, compiler: SQLCompiler, **kw: Any) -> str:
    return "CAST(now() AT TIME ZONE 'UTC' AS date)"


@compiles(today, "sqlite")
def _today_sqlite(element: today, compiler: SQLCompiler, **kw: Any) -> str:
    return "date('now')"


def from_now(*, months: int = 0, microseconds: int = 0) -> dt.datetime:
    """A moment so long after this one, or before it."""
    return _months(dt.datetime.now(dt.UTC), months) + dt.timedelta(microseconds=microseconds)


def from_today(*, months: int = 0, microseconds: int = 0) -> dt.date:
    """A day so long after this one, or before it."""
    return _months(dt.datetime.now(dt.UTC).date(), months) + dt.timedelta(microseconds=microseconds)


def _months(start: D, months: int) -> D:
    """The same day so many months later, or the last one of that month."""
    count = start.year * 12 + start.month - 1 + months
    year, month = count // 12, count % 12 + 1
    return start.replace(year=year, month=month, day=min(start.day, monthrange(year, month)[1]))


class _like(sa.sql.functions.FunctionElement[bool]):
    """Whether a text holds another, letter by letter, by an index where there is one."""

    type = sa.Boolean()
    inherit_cache = True

    def __init__(self, column: Any, part: str) -> None:
        like, glob = re.sub(r"([\\%_])", r"\\\1", part), re.sub(r"([\[*?])", r"[\1]", part)
        super().__init__(column, sa.literal(self.around(like, "%")), sa.literal(self.around(glob, "*")))

    def around(self, part: str, rest: str) -> str:
        return f"{rest}{part}{rest}"


class starts_with(_like):
    """Whether a text starts with another."""

    inherit_cache = True

    def around(self, part: str, rest: str) -> str:
        return f"{part}{rest}"


class ends_with(_like):
    """Whether a text ends with another."""

    inherit_cache = True

    def around(self, part: str, rest: str) -> str:
        return f"{rest}{part}"


class has_text(_like):
    """Whether another text stands anywhere in a text."""

    inherit_cache = True


@compiles(_like)
def _like_pattern(element: _like, compiler: SQLCompiler, **kw: Any) -> str:
    column, like, _ = element.clauses
    return f"{compiler.process(column, **kw)} LIKE {compiler.process(like, **kw)}"


@compiles(_like, "sqlite")
def _like_sqlite(element: _like, compiler: SQLCompiler, **kw: Any) -> str:
    column, _, glob = element.clauses
    return f"{compiler.process(column, **kw)} GLOB {compiler.process(glob, **kw)}"


class has_item(sa.sql.functions.FunctionElement[bool]):
    """Whether a list holds a value, by an index where there is one."""

    type = sa.Boolean()
    inherit_cache = True

    def __init__(self, column: Any, item: Any) -> None:
        kind = column.type
        plain = getattr(kind.item, "to_item", None)
        super().__init__(
            column, sa.literal([item], kind), sa.literal(plain(item) if plain else item, sa.types.NullType())
        )


@compiles(has_item)
def _has_item(element: has_item, compiler: SQLCompiler, **kw: Any) -> str:
    column, items, _ = element.clauses
    return f"{compiler.process(column, **kw)} @> {compiler.process(items, **kw)}"


@compiles(has_item, "sqlite")
def _has_item_sqlite(element: has_item, compiler: SQLCompiler, **kw: Any) -> str:
    column, _, item = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"EXISTS (SELECT 1 FROM json_each({column}) AS one WHERE one.value = {item})"


def alive() -> dict[str, Any]:
    """Of an index: living rows only."""
    return where("deleted_at IS NULL")


def where(condition: str) -> dict[str, Any]:
    """Of an index: these rows only."""
    return {"postgresql_where": sa.text(condition), "sqlite_where": sa.text(condition)}


class Linked:
    """Who put two rows together, and when."""

    created_at: Mapped[dt.datetime] = mapped_column(server_default=KEPT, comment="When the link was made")
    created_by: Mapped[Key] = mapped_column(
        sa.ForeignKey("actors.id", ondelete="RESTRICT"), server_default=KEPT, comment="Who made the link"
    )

    __mapper_args__: ClassVar = {"eager_defaults": True}
