"""Column types: one Python type each, stored as the databases of the project store it."""

from __future__ import annotations

import base64
import datetime as dt
import enum
import ipaddress
import json
import re
import uuid
from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated, Any, Generic, TypeAlias, TypeVar, cast

import sqlalchemy as sa
from pydantic_core import to_jsonable_python
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import mapped_column
from sqlalchemy.types import TypeDecorator, TypeEngine

from .project import SCHEMA

E = TypeVar("E", bound=enum.StrEnum)
T = TypeVar("T")


class _PerDialect(TypeDecorator[T]):
    """A type of PostgreSQL's own there, and a plain one in SQLite's STRICT tables."""

    impl = sa.Text
    cache_ok = True
    native: TypeEngine[Any] = sa.Text()
    plain: TypeEngine[Any] = sa.Text()

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return self.plain if dialect.name == "sqlite" else self.native

    def process_bind_param(self, value: T | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        value = self.normal(value)
        return self.to_plain(value) if dialect.name == "sqlite" else self.to_native(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> T | None:
        if value is None:
            return None
        return self.from_plain(value) if dialect.name == "sqlite" else self.from_native(value)

    def normal(self, value: T) -> T:
        """The one form in which a value is written."""
        return value

    def to_native(self, value: T) -> Any:
        return value

    def from_native(self, value: Any) -> T:
        return cast("T", value)

    def to_plain(self, value: T) -> Any:
        return value

    def from_plain(self, value: Any) -> T:
        return cast("T", value)

    def to_item(self, value: T) -> Any:
        """As an element of a JSON array."""
        return self.to_plain(self.normal(value))

    def from_item(self, value: Any) -> T:
        return self.from_plain(value)


class Instant(_PerDialect[dt.datetime]):
    """A moment, aware, in UTC. SQLite keeps milliseconds."""

    cache_ok = True
    native = sa.DateTime(timezone=True)

    def normal(self, value: dt.datetime) -> dt.datetime:
        if value.tzinfo is None:
            raise ValueError("a moment needs a time zone")
        return value.astimezone(dt.UTC)

    def from_native(self, value: Any) -> dt.datetime:
        return cast("dt.datetime", value.astimezone(dt.UTC))

    def to_plain(self, value: dt.datetime) -> str:
        return value.strftime("%Y-%m-%dT%H:%M:%S.") + f"{value.microsecond // 1000:03}Z"

    def from_plain(self, value: Any) -> dt.datetime:
        return dt.datetime.fromisoformat(value)


class Day(_PerDialect[dt.date]):
    """A day of the calendar."""

    cache_ok = True
    native = sa.Date()

    def to_plain(self, value: dt.date) -> str:
        return value.isoformat()

    def from_plain(self, value: Any) -> dt.date:
        return dt.date.fromisoformat(value)


class TimeOfDay(_PerDialect[dt.time]):
    """A time of day, without a zone."""

    cache_ok = True
    native = sa.Time()

    def to_plain(self, value: dt.time) -> str:
        return value.isoformat("milliseconds")

    def from_plain(self, value: Any) -> dt.time:
        return dt.time.fromisoformat(value)


class Duration(_PerDialect[dt.timedelta]):
    """A span of time; in SQLite whole microseconds."""

    cache_ok = True
    native = sa.Interval()
    plain = sa.Integer()

    def to_plain(self, value: dt.timedelta) -> int:
        return value // dt.timedelta(microseconds=1)

    def from_plain(self, value: Any) -> dt.timedelta:
        return dt.timedelta(microseconds=value)


class Guid(_PerDialect[uuid.UUID]):
    """A UUID; in SQLite 36 characters."""

    cache_ok = True
    native = sa.Uuid()

    def to_plain(self, value: uuid.UUID) -> str:
        return str(value)

    def from_plain(self, value: Any) -> uuid.UUID:
        return uuid.UUID(value)


class Exact(_PerDialect[Decimal]):
    """An exact number. More digits behind the point are rounded half away from zero; SQLite keeps it scaled to a whole
    number."""

    cache_ok = True
    plain = sa.Integer()

    def __init__(self, precision: int, scale: int) -> None:
        super().__init__()
        self.precision, self.scale = precision, scale

    @property
    def native(self) -> TypeEngine[Any]:  # type: ignore[override]
        return sa.Numeric(self.precision, self.scale)

    def normal(self, value: Decimal) -> Decimal:
        if isinstance(value, float):
            raise TypeError("an exact number is no float")
        return Decimal(value).quantize(Decimal(1).scaleb(-self.scale), ROUND_HALF_UP)

    def to_plain(self, value: Decimal) -> int:
        return int(value.scaleb(self.scale))

    def from_plain(self, value: Any) -> Decimal:
        return Decimal(value).scaleb(-self.scale)


class Flag(_PerDialect[bool]):
    """True or false."""

    cache_ok = True
    native = sa.Boolean()
    plain = sa.Integer()

    def from_plain(self, value: Any) -> bool:
        return bool(value)


class Blob(_PerDialect[bytes]):
    """Bytes; in a JSON array base64."""

    cache_ok = True
    native = plain = sa.LargeBinary()

    def to_item(self, value: bytes) -> str:
        return base64.b64encode(value).decode()

    def from_item(self, value: Any) -> bytes:
        return base64.b64decode(value)


class Json(_PerDialect[Any]):
    """JSON of any form. `None` is an empty column, never the JSON `null`."""

    cache_ok = True
    native = postgresql.JSONB(none_as_null=True)

    def normal(self, value: Any) -> Any:
        return to_jsonable_python(value)

    def to_plain(self, value: Any) -> str:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))

    def from_plain(self, value: Any) -> Any:
        return json.loads(value)

    def to_item(self, value: Any) -> Any:
        return self.normal(value)

    def from_item(self, value: Any) -> Any:
        return value


class ListOf(_PerDialect[list[Any]]):
    """A list of values: an array, in SQLite a JSON array."""

    cache_ok = True

    def __init__(self, item: TypeEngine[Any]) -> None:
        super().__init__()
        self.item = item

    @property
    def native(self) -> TypeEngine[Any]:  # type: ignore[override]
        return postgresql.ARRAY(self.item)

    def to_plain(self, value: list[Any]) -> str:
        items = [item(one) for one in value] if (item := getattr(self.item, "to_item", None)) else value
        return json.dumps(items, ensure_ascii=False, separators=(",", ":"))

    def from_plain(self, value: Any) -> list[Any]:
        items: list[Any] = json.loads(value)
        return [item(one) for one in items] if (item := getattr(self.item, "from_item", None)) else items


class Choice(_PerDialect[E], Generic[E]):
    """A member of an enum, stored as its value."""

    cache_ok = True

    def __init__(self, members: type[E], *, native: str | None = None) -> None:
        super().__init__()
        self.members = members
        if native is not None:
            values = [member.value for member in members]
            self.native = postgresql.ENUM(*values, name=native, schema=SCHEMA, create_type=False)

    def normal(self, value: E) -> E:
        return self.members(value)

    def to_native(self, value: E) -> str:
        return value.value

    def from_native(self, value: Any) -> E:
        return self.members(value)

    to_plain, from_plain = to_native, from_native


class EmailAddress(_PerDialect[str]):
    """An address without blanks at its ends, with A to Z in lower case."""

    cache_ok = True

    def normal(self, value: str) -> str:
        return normal_email(value)


Ip: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address


class IpAddress(_PerDialect[Ip]):
    """An address of the network."""

    cache_ok = True
    native = postgresql.INET()

    def to_native(self, value: Ip) -> str:
        return str(value)

    def from_native(self, value: Any) -> Ip:
        return ipaddress.ip_address(str(value).partition("/")[0])

    to_plain, from_plain = to_native, from_native


_ASCII_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}


def normal_email(value: str) -> str:
    """The form in which the databases keep an address; other letters than A to Z stay as they are."""
    return value.strip(" \t\r\n").translate(_ASCII_LOWER)


def like_prefix(text: str) -> str:
    """A LIKE pattern for texts that start with this one."""
    return re.sub(r"([\\%_])", r"\\\1", text) + "%"


#: Whole numbers of 64 bits, and the internal key.
BigInt = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
#: 64-bit binary floating point.
Float: sa.Double[float] = sa.Double().with_variant(sa.REAL(), "sqlite")
#: Money is exact, with 4 digits behind the point.
Money = Annotated[Decimal, mapped_column(Exact(18, 4))]
#: An internal key: never leaves the database.
Key = Annotated[int, mapped_column(BigInt)]
