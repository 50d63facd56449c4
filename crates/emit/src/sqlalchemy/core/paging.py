"""Declared queries, and pages of them that begin where the last one ended."""

from __future__ import annotations

import base64
import datetime as dt
import json
import os
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, Generic, TypeVar, cast

import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy.orm import InstrumentedAttribute, load_only

from .crypto import KeyProvider, blind
from .database import reading

R = TypeVar("R")


class BadCursor(ValueError):
    """Not a cursor of this query."""


@dataclass(frozen=True, slots=True)
class Order:
    """One column of an order. Empty values come last, or first when it falls, as PostgreSQL has it."""

    column: InstrumentedAttribute[Any]
    falling: bool = False

    def clause(self) -> sa.ColumnElement[Any]:
        if not self.column.property.columns[0].nullable:
            return self.column.desc() if self.falling else self.column.asc()
        return self.column.desc().nulls_first() if self.falling else self.column.asc().nulls_last()

    def beyond(self, value: Any) -> sa.ColumnElement[bool]:
        """Rows that come after this value."""
        column = self.column
        if value is None:
            return column.is_not(None) if self.falling else sa.false()
        if self.falling:
            return cast("sa.ColumnElement[bool]", column < value)
        return column > value if not column.property.columns[0].nullable else sa.or_(column > value, column.is_(None))

    def near(self, value: Any) -> sa.ColumnElement[bool] | None:
        """A range that holds this value and all rows beyond it, where there is one: an index finds where it begins."""
        column = self.column
        if value is None:
            return None if self.falling else column.is_(None)
        if self.falling:
            return cast("sa.ColumnElement[bool]", column <= value)
        return None if column.property.columns[0].nullable else cast("sa.ColumnElement[bool]", column >= value)

    def equal(self, value: Any) -> sa.ColumnElement[bool]:
        return self.column.is_(None) if value is None else cast("sa.ColumnElement[bool]", self.column == value)


def asc(column: Any) -> Order:
    return Order(column)


def desc(column: Any) -> Order:
    return Order(column, falling=True)


@dataclass(frozen=True)
class Query(Generic[R]):
    """A declared query: what `Session.all` and `Session.page` run."""

    model: type[R]
    where: Sequence[sa.ColumnElement[bool]] = ()
    order: Sequence[Order] = ()
    limit: int = 50
    load: Sequence[Any] = ()

    def select(self) -> sa.Select[R]:
        statement = sa.select(self.model).where(*self.where).limit(self.limit)
        statement = statement.options(*reading(self.model))
        if self.load:
            statement = statement.options(load_only(*self.load, raiseload=True))
        return statement.order_by(*(order.clause() for order in self.order))

    def after(self, values: Sequence[Any] | None, size: int) -> sa.Select[R]:
        """The rows after these values of the order, and one more, which tells whether there are others."""
        orders = self.total_order()
        statement = sa.select(self.model).where(*self.where).options(*reading(self.model)).limit(size + 1)
        if self.load:
            statement = statement.options(load_only(*self.load, *(o.column for o in orders), raiseload=True))
        if values is not None:
            condition: sa.ColumnElement[bool] = sa.false()
            for order, value in zip(reversed(orders), reversed(values), strict=True):
                condition = sa.or_(order.beyond(value), sa.and_(order.equal(value), condition))
            near = orders[0].near(values[0])
            statement = statement.where(condition) if near is None else statement.where(near, condition)
        return statement.order_by(*(order.clause() for order in orders))

    def total_order(self) -> tuple[Order, ...]:
        """The order, made total by what the outside calls the row, or by its key: cursors are sealed."""
        outside = getattr(self.model, "public_id", None)
        if outside is not None:
            return (*self.order, asc(outside))
        mapper = sa.inspect(self.model)
        names = [mapper.get_property_by_column(column).key for column in mapper.primary_key]
        return (*self.order, *(asc(getattr(self.model, name)) for name in names))


@dataclass(frozen=True)
class Page(Generic[R]):
    """Some rows, and the cursor of the next ones."""

    items: Sequence[R]
    next: str | None


#: For cursors of sessions without keys.
_OWN_KEY: Final = os.urandom(32)


class Cursors:
    """Cursors are sealed: what a row is ordered by may be nobody's business, and a made-up cursor is none.

    Without keys they hold as long as the process does.
    """

    def __init__(self, keys: KeyProvider | None) -> None:
        self._key = _OWN_KEY if keys is None else blind(keys.index_key(), "", "cursor", b"")

    def write(self, query: Query[Any], row: Any) -> str:
        values = [_plain(getattr(row, order.column.key)) for order in query.total_order()]
        nonce = os.urandom(12)
        sealed = AESGCM(self._key).encrypt(nonce, json.dumps(values).encode(), _name(query))
        return base64.urlsafe_b64encode(nonce + sealed).rstrip(b"=").decode()

    def read(self, query: Query[Any], cursor: str) -> list[Any]:
        try:
            raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
            values = json.loads(AESGCM(self._key).decrypt(raw[:12], raw[12:], _name(query)))
        except (InvalidTag, ValueError):
            values = None
        if values is None:
            raise BadCursor("not a cursor of this query")
        return [_typed(value) for value in values]


def _name(query: Query[Any]) -> bytes:
    return ",".join(f"{o.column}{'-' if o.falling else '+'}" for o in query.total_order()).encode()


_READERS: Final[Mapping[str, Callable[[str], Any]]] = {
    "datetime": dt.datetime.fromisoformat,
    "date": dt.date.fromisoformat,
    "time": dt.time.fromisoformat,
    "Decimal": Decimal,
    "UUID": uuid.UUID,
    "int": int,
    "float": float,
    "bool": lambda text: text == "True",
}


def _plain(value: Any) -> list[str] | None:
    if value is None:
        return None
    text = value.isoformat() if isinstance(value, dt.date | dt.time) else str(value)
    return [type(value).__name__, text]


def _typed(value: list[str] | None) -> Any:
    return None if value is None else _READERS.get(value[0], str)(value[1])
