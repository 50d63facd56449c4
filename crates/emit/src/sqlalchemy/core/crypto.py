"""Envelopes, blind indexes and tokens, by `docs/spec/envelope-v1.md`."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import os
import secrets
import struct
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, Generic, Protocol, TypeVar, cast

import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from .project import PRIVATE
from .types import BigInt, Guid, Instant, normal_email

T = TypeVar("T")

_VERSION: Final = b"\x01"


class Unreadable(Exception):
    """What was stored cannot be opened: by the wrong key, in the wrong place, or because its key was shredded."""


class KeyProvider(Protocol):
    """Where the keys are kept that are not in the database."""

    def current(self) -> tuple[str, bytes]:
        """The id and the 32 bytes of the key that wraps new data keys."""

    def key(self, kek_id: str) -> bytes:
        """The 32 bytes of an older one."""

    def index_key(self) -> bytes:
        """The 32 bytes of the key of blind indexes and cursors; never one of the others."""


@dataclass(frozen=True, slots=True)
class StaticKeys:
    """Keys that the application holds in memory: for tests, and for those who read them from a secret store."""

    keks: Mapping[str, bytes]
    current_id: str
    index: bytes

    def current(self) -> tuple[str, bytes]:
        return self.current_id, self.keks[self.current_id]

    def key(self, kek_id: str) -> bytes:
        return self.keks[kek_id]

    def index_key(self) -> bytes:
        return self.index

    def __repr__(self) -> str:
        return "<StaticKeys>"


@dataclass(frozen=True, slots=True)
class DataKey:
    """The key of one person's encrypted fields."""

    id: uuid.UUID
    key: bytes

    def __repr__(self) -> str:
        return f"<DataKey {self.id}>"


def _lp(data: bytes) -> bytes:
    return struct.pack(">H", len(data)) + data


def _place(table: str, column: str, row: uuid.UUID, key: uuid.UUID) -> bytes:
    return _lp(b"architrave/envelope/1") + _lp(table.encode()) + _lp(column.encode()) + row.bytes + key.bytes


def seal(key: DataKey, table: str, column: str, row: uuid.UUID, plain: bytes, *, nonce: bytes | None = None) -> bytes:
    """Encrypts a value for its place. A nonce is given by test vectors only."""
    nonce = os.urandom(12) if nonce is None else nonce
    return _VERSION + key.id.bytes + nonce + AESGCM(key.key).encrypt(nonce, plain, _place(table, column, row, key.id))


def key_of(sealed: bytes) -> uuid.UUID:
    """The id of the data key under which a value was sealed."""
    if len(sealed) < 45 or sealed[:1] != _VERSION:
        raise Unreadable("not an envelope of version 1")
    return uuid.UUID(bytes=sealed[1:17])


def unseal(key: DataKey, table: str, column: str, row: uuid.UUID, sealed: bytes) -> bytes:
    """Opens a value in its place."""
    if key_of(sealed) != key.id:
        raise Unreadable("sealed under another key")
    return _open(key.key, sealed[17:29], sealed[29:], _place(table, column, row, key.id))


def wrap(kek_id: str, kek: bytes, key: DataKey, *, nonce: bytes | None = None) -> bytes:
    """Wraps a data key for the key table."""
    nonce = os.urandom(12) if nonce is None else nonce
    bound = _lp(b"architrave/wrap/1") + key.id.bytes
    return _VERSION + _lp(kek_id.encode()) + nonce + AESGCM(kek).encrypt(nonce, key.key, bound)


def unwrap(keys: KeyProvider, key_id: uuid.UUID, wrapped: bytes) -> DataKey:
    """Opens a wrapped data key."""
    if wrapped[:1] != _VERSION:
        raise Unreadable("not a wrapped key of version 1")
    end = 3 + struct.unpack(">H", wrapped[1:3])[0]
    kek = keys.key(wrapped[3:end].decode())
    bound = _lp(b"architrave/wrap/1") + key_id.bytes
    return DataKey(key_id, _open(kek, wrapped[end : end + 12], wrapped[end + 12 :], bound))


def _open(key: bytes, nonce: bytes, sealed: bytes, bound: bytes) -> bytes:
    try:
        return AESGCM(key).decrypt(nonce, sealed, bound)
    except InvalidTag:
        reason = "the tag does not fit"
    raise Unreadable(reason)


def blind(key: bytes, table: str, column: str, value: bytes) -> bytes:
    """What equal values have in common, for whoever has the key."""
    return hmac.digest(
        key, _lp(b"architrave/blind/1") + _lp(table.encode()) + _lp(column.encode()) + value, hashlib.sha256
    )


@dataclass(frozen=True, slots=True)
class Token:
    """256 random bits: shown once, stored as a hash."""

    shown: str
    stored: bytes

    @classmethod
    def issue(cls) -> Token:
        return cls.of(secrets.token_bytes(32))

    @classmethod
    def of(cls, raw: bytes) -> Token:
        return cls(base64.urlsafe_b64encode(raw).rstrip(b"=").decode(), hashlib.sha256(raw).digest())

    @staticmethod
    def hash(shown: str) -> bytes:
        """What is stored of a token that somebody shows; the same work for what is none."""
        try:
            raw = (
                base64.b64decode(shown.encode("ascii") + b"=", altchars=b"-_", validate=True)
                if len(shown) == 43
                else b""
            )
        except ValueError:
            raw = b""
        return hashlib.sha256(raw).digest()

    @staticmethod
    def matches(shown: str, stored: bytes) -> bool:
        """Compares in constant time."""
        return hmac.compare_digest(Token.hash(shown), stored)

    def __repr__(self) -> str:
        return "<Token>"


@dataclass(frozen=True)
class Envelope(Generic[T]):
    """An encrypted value, as it is stored. `Session.reveal` opens it."""

    sealed: bytes

    def __repr__(self) -> str:
        return "<Envelope>"


class Encrypted(TypeDecorator[Envelope[T]], Generic[T]):
    """A column of envelopes. It takes nothing else: no plain value ever reaches the database by mistake."""

    impl = sa.LargeBinary
    cache_ok = True

    def __init__(self, plain: type[T], *, blind: str | None = None, email: bool = False) -> None:
        super().__init__()
        self.plain = plain
        self.blind = blind
        self.email = email

    def process_bind_param(self, value: Envelope[T] | None, dialect: Dialect) -> bytes | None:
        if value is None:
            return None
        if not isinstance(value, Envelope):
            raise TypeError("an encrypted field is written by Session.conceal")
        return value.sealed

    def process_result_value(self, value: Any, dialect: Dialect) -> Envelope[T] | None:
        return None if value is None else Envelope(bytes(value))

    def encode(self, value: T) -> bytes:
        """The bytes that are encrypted."""
        match value:
            case bytes():
                return value
            case dt.date() | dt.time():
                return value.isoformat().encode()
            case str() if self.email:
                return normal_email(value).encode()
            case str() | int() | Decimal() | uuid.UUID():
                return str(value).encode()
        raise TypeError(f"cannot encrypt {type(value).__name__}")

    def decode(self, plain: bytes) -> T:
        if self.plain is bytes:
            return cast("T", plain)
        text = plain.decode()
        if issubclass(self.plain, dt.date | dt.time):
            return cast("T", self.plain.fromisoformat(text))
        return self.plain(text)  # type: ignore[call-arg]


def index_of(keys: KeyProvider, table: str, column: str, value: str, *, email: bool = False) -> bytes:
    """The blind index of a text in its normal form."""
    return blind(keys.index_key(), table, column, (normal_email(value) if email else value).encode())


def _key_table(name: str, schema: str | None) -> sa.Table:
    return sa.Table(
        name,
        sa.MetaData(),
        sa.Column("id", BigInt, primary_key=True),
        sa.Column("created_at", Instant()),
        sa.Column("key_id", Guid()),
        sa.Column("subject_id", BigInt),
        sa.Column("kek_id", sa.Text),
        sa.Column("wrapped", sa.LargeBinary),
        schema=schema,
    )


#: The table of the wrapped keys of people.
KEYS: Final = _key_table("data_keys", PRIVATE)
KEYS_SQLITE: Final = _key_table(f"{PRIVATE}_data_keys", None)
