"""Engines, and sessions that act for somebody: each transaction is told for whom before its first statement."""

from __future__ import annotations

import hashlib
import hmac
import logging
import secrets
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Concatenate, Final, Generic, ParamSpec, TypeVar, cast, get_type_hints

import sqlalchemy as sa
from pydantic import BaseModel, SecretStr
from sqlalchemy import event, orm
from sqlalchemy.ext import asyncio as sa_async
from sqlalchemy.orm import InstrumentedAttribute, LoaderCriteriaOption, ORMExecuteState
from sqlalchemy.orm.exc import StaleDataError

from . import crypto
from .crypto import DataKey, Encrypted, Envelope, KeyProvider
from .database import IdentifiedByUuid, Mortal, Named, Owned, new_uuid, now, reading, snake
from .errors import Forbidden, NotFound, Refused, Stale, raise_alone, scrub
from .logging import log_security_event, redacted
from .paging import Cursors, Page, Query
from .project import (
    ACTING_USER,
    ACTOR_NAME,
    ACTORS,
    AUDIT,
    PRIVATE,
    PROJECT,
    SCHEMA,
    SIGNED_CONTEXT,
    TENANT_NAME,
    TENANTS,
)
from .scope import ALIVE, Scope
from .types import Guid, Json

R = TypeVar("R", bound=Named)
T = TypeVar("T")
P = ParamSpec("P")


# ── engines ──────────────────────────────────────────────────────────────────


def create_engine(url: str | sa.URL, **options: Any) -> sa.Engine:
    """An engine that prints no values, and keeps what the models rely on."""
    engine = sa.create_engine(url, **_options(url, options))
    _prepare(engine)
    return engine


def create_async_engine(url: str | sa.URL, **options: Any) -> sa_async.AsyncEngine:
    """The same, for `async` drivers."""
    engine = sa_async.create_async_engine(url, **_options(url, options))
    _prepare(engine.sync_engine)
    return engine


def _options(url: str | sa.URL, options: dict[str, Any]) -> dict[str, Any]:
    options.setdefault("hide_parameters", True)
    if sa.make_url(url).get_backend_name() == "sqlite":
        execution = options.setdefault("execution_options", {})
        execution.setdefault("schema_translate_map", {SCHEMA: None})
    return options


def _without_rows(record: logging.LogRecord) -> bool:
    """At DEBUG the engine would write whole rows."""
    return record.msg != "Row %r"


def _prepare(engine: sa.Engine) -> None:
    event.listen(engine, "handle_error", scrub, retval=True)
    logging.getLogger("sqlalchemy.engine.Engine").addFilter(_without_rows)
    logging.getLogger("aiosqlite").setLevel(logging.INFO)  # it logs the parameters of every statement
    if engine.dialect.name != "sqlite":
        return
    # AFTER triggers complete a row: what RETURNING answers is not yet true, so the ORM reads the row again.
    engine.dialect.insert_returning = engine.dialect.update_returning = False
    engine.dialect.use_insertmanyvalues = False

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, record: Any) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.execute("PRAGMA recursive_triggers = ON")
        cursor.execute("PRAGMA busy_timeout = 5000")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        if connection.info.pop("keys_at_rest", False):
            connection.exec_driver_sql("PRAGMA foreign_keys = ON")
        # Where every statement is to be a transaction of its own, nothing would end this one.
        if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
            connection.exec_driver_sql("BEGIN IMMEDIATE")

    @event.listens_for(engine, "commit")
    def _commit(connection: sa.Connection) -> None:
        if connection.info.pop("context", False):
            connection.exec_driver_sql(_LEAVE)


# ── context ──────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Context:
    """For whom a transaction acts: the public id of an actor, and of a tenant. Nobody is nobody known."""

    actor: uuid.UUID | None = None
    tenant: uuid.UUID | None = None
    #: A job of the system. It sees all rows where the database has no row-level security of its own.
    system: bool = False


NOBODY: Final = Context()

_USER: Final = f"SELECT {ACTING_USER} FROM {ACTORS} AS a WHERE a.id = {PRIVATE}_context.actor_id" if ACTORS else "NULL"
_ENTER: Final = f"""
UPDATE {PRIVATE}_context
SET id = (SELECT f.foreign_keys AND r.recursive_triggers FROM pragma_foreign_keys AS f, pragma_recursive_triggers AS r),
    actor = :actor, actor_id = ({f"SELECT id FROM {ACTORS} WHERE {ACTOR_NAME} = :actor" if ACTORS else "NULL"}),
    tenant = :tenant, tenant_id = ({f"SELECT id FROM {TENANTS} WHERE {TENANT_NAME} = :tenant" if TENANTS else "NULL"}),
    transaction_id = transaction_id + 1
WHERE id = 1
RETURNING ({_USER}), tenant_id
"""
_LEAVE: Final = (
    f"UPDATE {PRIVATE}_context SET actor = NULL, actor_id = NULL, tenant = NULL, tenant_id = NULL WHERE id = 1"
)
_SET: Final = sa.text("SELECT set_config('app.actor', :actor, true), set_config('app.tenant', :tenant, true)")
_SIGNED: Final = sa.text(
    f"SELECT {PRIVATE}.enter(CAST(:actor AS uuid), CAST(:tenant AS uuid), :expires, :mac)"
).bindparams(
    sa.bindparam("actor", type_=sa.Text),
    sa.bindparam("tenant", type_=sa.Text),
    sa.bindparam("expires", type_=sa.BigInteger),
)


def sign(signing_key: bytes, context: Context, expires: int) -> str:
    """The MAC over a context, where the project says `context signed`."""
    parts = ("architrave/context/1", PROJECT, _text(context.actor), _text(context.tenant), str(expires))
    return hmac.new(signing_key, "\n".join(parts).encode(), hashlib.sha256).hexdigest()


def _text(value: uuid.UUID | None) -> str:
    return "" if value is None else str(value)


# ── services ─────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Service(Generic[T]):
    """A function of the database, and the statements that stand in for it in SQLite."""

    name: str
    answer: Callable[..., T] | None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    sqlite: Sequence[str] = ()
    #: Types of parameters that are no texts.
    types: Mapping[str, sa.types.TypeEngine[Any]] = field(default_factory=dict)
    #: Which of the statements counts the rows.
    counts: int = -1


# ── sessions ─────────────────────────────────────────────────────────────────


class Session(orm.Session):
    """A session that acts for somebody."""

    def __init__(
        self,
        bind: Any = None,
        *,
        context: Context = NOBODY,
        keys: KeyProvider | None = None,
        signing_key: bytes | None = None,
        **options: Any,
    ) -> None:
        options.setdefault("expire_on_commit", False)
        super().__init__(bind, **options)
        self.context = context
        self.keys = keys
        self._signing_key = signing_key
        self._data_keys: dict[uuid.UUID, DataKey] = {}

    # context

    def enter(self, context: Context) -> None:
        """Acts for somebody else from now on; what was loaded for the one before is forgotten."""
        self.context = context
        self.expunge_all()
        self.info.clear()
        self._data_keys.clear()
        if self.in_transaction():
            self._tell(self.connection())

    def _tell(self, connection: sa.Connection) -> None:
        actor, tenant = self.context.actor, self.context.tenant
        if connection.dialect.name == "sqlite":
            connection.info["context"] = True
            names = {"actor": actor and str(actor), "tenant": tenant and str(tenant)}
            self.info["scope"] = Scope.of(*connection.exec_driver_sql(_ENTER, names).one())
        elif SIGNED_CONTEXT and (actor or tenant):
            if self._signing_key is None:
                raise Forbidden(rule="context_unsigned")
            expires = int(time.time()) + 300
            mac = sign(self._signing_key, self.context, expires)
            bound = {"actor": actor and str(actor), "tenant": tenant and str(tenant), "expires": expires, "mac": mac}
            connection.execute(_SIGNED, bound)
        elif not SIGNED_CONTEXT:
            connection.execute(_SET, {"actor": _text(actor), "tenant": _text(tenant)})

    def scope(self) -> Scope | None:
        """What is seen, where the database does not hide the rest itself; nothing for a job of the system."""
        if self.get_bind().dialect.name != "sqlite" or self.context.system:
            return None
        if "scope" not in self.info:
            self.connection()
        return cast("Scope", self.info["scope"])

    # rows

    def get_by_public_id(self, model: type[R], public_id: uuid.UUID, *, include_deleted: bool = False) -> R:
        """The row that the outside calls so. One that is not there, is dead, or is another's answers the same."""
        statement = sa.select(model).where(model.public_id == public_id).options(*reading(model))
        options = {"include_deleted": include_deleted, "populate_existing": True}
        row = self.scalars(statement, execution_options=options).one_or_none()
        if row is None:
            raise NotFound(model.__table__.name)  # type: ignore[attr-defined]
        return row

    def create(self, model: type[R], data: BaseModel) -> R:
        """Makes a row of what was sent: references are found by public id, encrypted fields are sealed."""
        row = model()
        sealed = self._fill(row, {name: value for name, value in data.model_dump().items() if value is not None})
        self.add(row)
        self.flush()
        self._seal(row, sealed)
        return self.reread(row)

    def update(self, row: R, data: BaseModel) -> R:
        """Changes what was sent, unless the row was changed since the sender has read it."""
        values = {name: value for name, value in data.model_dump().items() if name in data.model_fields_set}
        version = values.pop("version", None)
        if version is not None and version != cast("Any", row).version:
            raise Stale(row.__table__.name, ("version",), "version")  # type: ignore[attr-defined]
        sealed = self._fill(row, values)
        self.flush()
        self._seal(row, sealed)
        return self.reread(row)

    def reread(self, row: R) -> R:
        """Reads a row again, with what is shown beside it."""
        model = type(row)
        statement = sa.select(model).where(model.id == row.id).options(*reading(model))
        return self.scalars(statement, execution_options={"include_deleted": True, "populate_existing": True}).one()

    def soft_delete(self, row: R, reason: str | None = None) -> None:
        """Deletes a row, and what falls with it. It can be restored."""
        dead = cast("Mortal", row)
        dead.deleted_at, dead.deletion_reason = cast("Any", now()), reason
        self.flush()

    def restore(self, row: R) -> None:
        """Brings a deleted row back, with what fell with it."""
        cast("Mortal", row).deleted_at = None
        self.flush()

    def _fill(self, row: Any, values: Mapping[str, Any]) -> dict[str, Any]:
        """Writes values into a row, references first looked up; answers those that must be encrypted."""
        mapper = sa.inspect(type(row))
        plain: dict[str, Any] = {}
        sealed: dict[str, Any] = {}
        for name, given in values.items():
            value: Any = given.get_secret_value() if isinstance(given, SecretStr) else given
            relation = mapper.relationships.get(name)
            if relation is None:
                (sealed if isinstance(mapper.columns[name].type, Encrypted) else plain)[name] = value
            elif relation.uselist:
                plain[name] = [self.get_by_public_id(relation.mapper.class_, one) for one in value]
            else:
                plain[name] = value and self.get_by_public_id(relation.mapper.class_, value)
        for name, value in plain.items():
            setattr(row, name, value)
        return sealed

    # queries

    def all(self, query: Query[T]) -> Sequence[T]:
        """The rows of a declared query, as many as it says."""
        return self.scalars(query.select()).all()

    def page(self, query: Query[T], *, after: str | None = None, size: int | None = None) -> Page[T]:
        """Some rows of a declared query, and the cursor of those that follow."""
        cursors, size = Cursors(self.keys), min(size or query.limit, query.limit)
        rows = self.scalars(query.after(cursors.read(query, after) if after else None, size)).all()
        more = len(rows) > size
        return Page(rows[:size], cursors.write(query, rows[size - 1]) if more else None)

    # functions of the database

    def call(self, service: Service[T]) -> T:
        """Calls a function of the database."""
        self.flush()
        connection = self.connection()
        if connection.dialect.name == "sqlite":
            values: list[Any] = []
            changed: list[int] = []
            bound_values = _sqlite(service, connection.dialect)
            for statement in service.sqlite:
                result = connection.exec_driver_sql(statement, bound_values)
                changed.append(result.rowcount)
                if result.returns_rows:
                    row = result.first()
                    values += [] if row is None else row
            rows = [tuple(values)] if values else []
            if service.answer in (int, bool):
                rows = [(changed[service.counts],)]
        else:
            bound = ", ".join(f":{name}" for name in service.parameters)
            call = sa.text(f"SELECT * FROM {PRIVATE}.{service.name}({bound})")
            types = [sa.bindparam(name, type_=_pg_type(service, name)) for name in service.parameters]
            rows = [tuple(row) for row in connection.execute(call.bindparams(*types), service.parameters)]
        if service.answer is None:
            return cast("T", None)
        return service.answer(*_typed(service.answer, rows[0])) if rows else cast("T", None)

    def record_event(self, kind: str, row: Named | None = None, detail: Mapping[str, Any] | None = None) -> None:
        """Records a security event beside the audit trail, and in the log."""
        entity = None if row is None else cast("str", row.__table__.name)  # type: ignore[attr-defined]
        public_id = None if row is None else row.public_id
        log_security_event(kind, actor=self.context.actor, entity=entity, row=public_id, detail=detail)
        connection = self.connection()
        table = sa.table("events", schema=AUDIT)
        if connection.dialect.name == "sqlite":
            statement = sa.text(
                f"INSERT INTO {AUDIT}_{table.name} (recorded_at, kind, actor_id, tenant_id, entity, row_public_id, detail)"
                " SELECT strftime('%Y-%m-%dT%H\\:%M\\:%fZ', 'now'), :kind, c.actor_id, c.tenant_id, :entity, :row, :detail"
                f" FROM {PRIVATE}_context AS c"
            )
        else:
            statement = sa.text(f"SELECT {PRIVATE}.record_event(:kind, :entity, :row, :detail)")
        statement = statement.bindparams(
            sa.bindparam("kind", type_=sa.Text()),
            sa.bindparam("entity", type_=sa.Text()),
            sa.bindparam("row", type_=Guid()),
            sa.bindparam("detail", type_=Json()),
        )
        connection.execute(statement, {"kind": kind, "entity": entity, "row": public_id, "detail": redacted(detail)})

    def log_access(self, row: Named, operation: str = "read") -> None:
        """Counts that a row was read, beside it and once a minute at most, and says so in the log. The row stays as it is."""
        model = type(row)
        touch = getattr(model, "__touches__", f"touch_{snake(model.__name__)}")
        entity = touch.removeprefix("touch_")
        log_security_event(f"{entity}_{operation}", actor=self.context.actor, entity=entity, row=row.public_id)
        connection = self.connection()
        if connection.dialect.name == "sqlite":
            accesses = getattr(model, "__accesses__", None)
            if accesses is None:
                table = model.__table__.name  # type: ignore[attr-defined]
                connection.exec_driver_sql(
                    f"UPDATE {table} SET last_accessed = strftime('%Y-%m-%dT%H:%M:%fZ', 'now'),"
                    " access_count = access_count + 1 WHERE id = :id AND (last_accessed IS NULL"
                    " OR last_accessed <= strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-60 seconds'))",
                    _row_key(row),
                )
                return
            connection.exec_driver_sql(
                f"INSERT INTO {accesses.name} AS a (row_id, last_accessed, access_count)"
                " VALUES (:id, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), 1) ON CONFLICT (row_id) DO UPDATE"
                " SET last_accessed = excluded.last_accessed, access_count = a.access_count + 1"
                " WHERE a.last_accessed <= strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-60 seconds')",
                _row_key(row),
            )
        else:
            call = sa.text(f"SELECT {PRIVATE}.{touch}(:row)").bindparams(sa.bindparam("row", type_=Guid()))
            connection.execute(call, {"row": row.public_id})

    # encrypted fields

    def conceal(self, row: Named, attribute: InstrumentedAttribute[Any], value: Any) -> None:
        """Encrypts a value for its field of a row."""
        self._seal(row, {attribute.key: value})

    def reveal(self, row: Named, attribute: InstrumentedAttribute[Envelope[T] | None]) -> T | None:
        """Opens an encrypted field, which is an event of its own."""
        if attribute.key in sa.inspect(row).unloaded:  # secrets do not come with their row
            self.refresh(row, [attribute.key])
        envelope: Envelope[T] | None = getattr(row, attribute.key)
        if envelope is None:
            return None
        self.record_event("sensitive_read", row, {"field": attribute.key})
        kind = cast("Encrypted[T]", attribute.type)
        data_key = self._find_key(crypto.key_of(envelope.sealed))
        table = row.__table__.name  # type: ignore[attr-defined]
        return kind.decode(crypto.unseal(data_key, table, _column(attribute), row.public_id, envelope.sealed))

    def blind(self, attribute: InstrumentedAttribute[Any], value: str) -> bytes:
        """The blind index of a value of a searchable field."""
        if self.keys is None:
            raise crypto.Unreadable("the session was given no keys")
        email = cast("Encrypted[Any]", attribute.type).email
        return crypto.index_of(self.keys, attribute.class_.__table__.name, _column(attribute), value, email=email)

    def _seal(self, row: Any, values: Mapping[str, Any]) -> None:
        if not values:
            return
        if row.public_id is None:
            self.flush()
        table = row.__table__.name
        sealed: Envelope[Any] | None
        for name, value in values.items():
            column = sa.inspect(type(row)).columns[name]
            kind = column.type
            sealed = None
            if value is not None:
                data_key = self._key_for(getattr(row, row.__owner__) if isinstance(row, Owned) else None)
                sealed = Envelope(crypto.seal(data_key, table, column.name, row.public_id, kind.encode(value)))
            setattr(row, name, sealed)
            if kind.blind:
                setattr(row, kind.blind, None if value is None else self.blind(getattr(type(row), name), value))
        self.flush()

    def _key_for(self, subject: int | None) -> DataKey:
        """The newest key of a person, made when there is none."""
        keys, connection = self._key_table()
        if self.keys is None:
            raise crypto.Unreadable("the session was given no keys")
        newest = sa.select(keys.c.key_id, keys.c.wrapped).where(
            keys.c.subject_id.is_not_distinct_from(subject), keys.c.wrapped.is_not(None)
        )
        found = connection.execute(newest.order_by(keys.c.id.desc()).limit(1)).first()
        if found is not None:
            return self._data_keys.setdefault(found.key_id, crypto.unwrap(self.keys, found.key_id, found.wrapped))
        kek_id, kek = self.keys.current()
        made = keys.insert().values(subject_id=subject, kek_id=kek_id).returning(keys.c.key_id)
        data_key = DataKey(connection.execute(made).scalar_one(), secrets.token_bytes(32))
        wrapped = crypto.wrap(kek_id, kek, data_key)
        connection.execute(keys.update().where(keys.c.key_id == data_key.id).values(wrapped=wrapped))
        return self._data_keys.setdefault(data_key.id, data_key)

    def _find_key(self, key_id: uuid.UUID) -> DataKey:
        if key_id not in self._data_keys:
            keys, connection = self._key_table()
            wrapped = connection.execute(sa.select(keys.c.wrapped).where(keys.c.key_id == key_id)).scalar()
            if wrapped is None or self.keys is None:
                raise crypto.Unreadable("the key was shredded, or is not for whoever acts")
            self._data_keys[key_id] = crypto.unwrap(self.keys, key_id, wrapped)
        return self._data_keys[key_id]

    def _key_table(self) -> tuple[sa.Table, sa.Connection]:
        connection = self.connection()
        return crypto.KEYS_SQLITE if connection.dialect.name == "sqlite" else crypto.KEYS, connection

    # errors

    def flush(self, objects: Sequence[Any] | None = None) -> None:
        refused: Refused | None = None
        try:
            super().flush(objects)
        except StaleDataError:
            refused = Stale(rule="version")
        except Refused as error:
            refused = error
        if refused is not None:
            raise_alone(refused)

    def commit(self) -> None:
        refused: Refused | None = None
        try:
            super().commit()
        except Refused as error:
            refused = error
        if refused is not None:
            raise_alone(refused)


def _column(attribute: InstrumentedAttribute[Any]) -> str:
    """The name of a column, which the ciphertext is bound to."""
    return cast("str", attribute.property.columns[0].name)


def _row_key(row: Any) -> dict[str, Any]:
    return {"id": str(row.id) if isinstance(row.id, uuid.UUID) else row.id}


def _sqlite(service: Service[Any], dialect: sa.Dialect) -> dict[str, Any]:
    return {name: _plain(service, name, value, dialect) for name, value in service.parameters.items()}


def _plain(service: Service[Any], name: str, value: Any, dialect: sa.Dialect) -> Any:
    if isinstance(kind := service.types.get(name), sa.types.TypeDecorator):
        return kind.process_bind_param(value, dialect)
    return str(value) if isinstance(value, uuid.UUID) else value


def _typed(answer: Callable[..., Any], values: Sequence[Any]) -> list[Any]:
    """SQLite answers texts where PostgreSQL has UUIDs."""
    kinds = list(get_type_hints(answer).values()) or [None] * len(values)
    pairs = zip(kinds, values, strict=True)
    return [uuid.UUID(value) if kind is uuid.UUID and isinstance(value, str) else value for kind, value in pairs]


def _pg_type(service: Service[Any], name: str) -> sa.types.TypeEngine[Any]:
    if name in service.types:
        return service.types[name]
    value = service.parameters[name]
    if isinstance(value, uuid.UUID):
        return sa.Uuid()
    return sa.LargeBinary() if isinstance(value, bytes) else sa.Text()


@event.listens_for(Session, "after_begin")
def _told(session: Session, transaction: orm.SessionTransaction, connection: sa.Connection) -> None:
    if not transaction.nested:
        session._tell(connection)


@event.listens_for(Session, "do_orm_execute")
def _scoped(state: ORMExecuteState) -> None:
    """The dead are out of sight, and so is what is another's where the database does not hide it itself."""
    if state.is_column_load or state.is_relationship_load or state.is_insert:
        return
    options: list[LoaderCriteriaOption] = []
    if not state.execution_options.get("include_deleted", False):
        options.append(ALIVE)
    if (scope := cast("Session", state.session).scope()) is not None:
        options += scope.options(state)
    if options:
        state.statement = state.statement.options(*options)


@event.listens_for(Session, "before_flush")
def _before_flush(session: Session, context: Any, instances: Any) -> None:
    """What can be restored is not deleted for good; SQLite without RETURNING does not tell a key that it makes."""
    if any(isinstance(row, Mortal) for row in session.deleted):
        raise Forbidden(rule="soft_delete")
    if session.get_bind().dialect.name == "sqlite":
        for row in session.new:
            if isinstance(row, IdentifiedByUuid) and row.id is None:
                row.id = new_uuid(timed=row.__timed__)
    if (session.dirty or session.deleted) and (scope := session.scope()) is not None:
        scope.guard(session)


class AsyncSession(sa_async.AsyncSession):
    """The same for `async`: every method of `Session`, awaited."""

    sync_session_class = Session
    sync_session: Session

    async def _do(self, do: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await self.run_sync(cast("Callable[..., T]", do), *args, **kwargs)

    async def enter(self, context: Context) -> None:
        await self._do(Session.enter, context)

    async def get_by_public_id(self, model: type[R], public_id: uuid.UUID, *, include_deleted: bool = False) -> R:
        return await self._do(Session.get_by_public_id, model, public_id, include_deleted=include_deleted)

    async def create(self, model: type[R], data: BaseModel) -> R:
        return await self._do(Session.create, model, data)

    async def update(self, row: R, data: BaseModel) -> R:
        return await self._do(Session.update, row, data)

    async def reread(self, row: R) -> R:
        return await self._do(Session.reread, row)

    async def soft_delete(self, row: R, reason: str | None = None) -> None:
        await self._do(Session.soft_delete, row, reason)

    async def restore(self, row: R) -> None:
        await self._do(Session.restore, row)

    async def all(self, query: Query[T]) -> Sequence[T]:
        return await self._do(Session.all, query)

    async def page(self, query: Query[T], *, after: str | None = None, size: int | None = None) -> Page[T]:
        return await self._do(Session.page, query, after=after, size=size)

    async def call(self, service: Service[T]) -> T:
        return await self._do(Session.call, service)

    async def record_event(self, kind: str, row: Named | None = None, detail: Mapping[str, Any] | None = None) -> None:
        await self._do(Session.record_event, kind, row, detail)

    async def log_access(self, row: Named, operation: str = "read") -> None:
        await self._do(Session.log_access, row, operation)

    async def conceal(self, row: Named, attribute: InstrumentedAttribute[Any], value: Any) -> None:
        await self._do(Session.conceal, row, attribute, value)

    async def reveal(self, row: Named, attribute: InstrumentedAttribute[Envelope[T] | None]) -> T | None:
        return await self._do(Session.reveal, row, attribute)
