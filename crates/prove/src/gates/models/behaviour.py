"""Tries what the models of a project promise, on a real database, and writes one line of JSON for each claim.

It knows no project. What there is to try comes from the metadata of the package, and from a plan on standard input: where
the database is, who may log in and act, and rows that the schema accepts. See `docs/gates/models.md`.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import datetime as dt
import importlib
import inspect
import json
import logging
import os
import pkgutil
import re
import secrets
import sys
import time
import traceback
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from functools import partial
from typing import Annotated, Any

import sqlalchemy as sa
from pydantic import BaseModel, SecretStr, TypeAdapter, ValidationError
from pydantic_core import to_jsonable_python
from sqlalchemy import event, orm
from sqlalchemy.orm.interfaces import MANYTOONE

PROVED, REFUTED, NOT_RUN, NOT_APPLICABLE = "proved", "refuted", "not-run", "not-applicable"
#: Which verdict stands when drivers differ.
WEIGHT = (PROVED, NOT_APPLICABLE, NOT_RUN, REFUTED)
#: So many statements are shown of those that led to a counterexample.
MOST_STATEMENTS = 12
#: By the values of so many rows a finder is called.
SAMPLES = 3
#: Texts that PostgreSQL refuses, that SQLite would keep, or that no driver can send.
UNWRITABLE = ("nul\x00within", "half a letter \ud800")
#: Shorter texts stand in a log by chance.
SHORTEST_CANARY = 6
DRIVERS = {"postgres": ("asyncpg", "psycopg"), "sqlite": ("aiosqlite", "sqlite3")}
ASYNC = ("asyncpg", "aiosqlite")


class Refuted(Exception):
    """A promise that is not kept."""


class Inapplicable(Exception):
    """A promise that was not made here, and why."""


class Untried(Exception):
    """A promise that could not be tried, and why."""


# ── what is found ────────────────────────────────────────────────────────────


class Paper:
    """The claims, over all drivers; each is written when all have tried it."""

    def __init__(self) -> None:
        self.out = os.fdopen(os.dup(1), "w", encoding="utf-8")
        os.dup2(2, 1)
        self.claims: dict[tuple[str, str], dict[str, Any]] = {}
        self.trace: list[str] = []
        self.canaries: set[str] = set()

    def statement(self, text: str) -> None:
        """Notes what was sent to the database."""
        text = re.sub(r"\s+", " ", text).strip()
        if not re.match(r"PRAGMA|BEGIN|SELECT set_config|UPDATE \w+_context SET|SELECT .* FROM \w+_context AS c", text):
            self.trace.append(text)

    def clean(self, text: str) -> str:
        """A text without values that are nobody's business."""
        for canary in self.canaries:
            text = text.replace(canary, "…")
        return text

    def write(self, key: str, thing: str, claim: str, verdict: str, detail: str = "") -> None:
        """Notes what one driver found."""
        found = {
            "id": key,
            "object": thing,
            "claim": claim,
            "verdict": verdict,
            "detail": self.clean(detail),
            "statements": [self.clean(text) for text in self.trace[-MOST_STATEMENTS:]] if verdict == REFUTED else [],
        }
        known = self.claims.get((key, thing))
        if known is None or WEIGHT.index(verdict) > WEIGHT.index(known["verdict"]):
            self.claims[key, thing] = found
        self.trace.clear()

    async def attempt(self, key: str, thing: str, claim: str, driver: str, work: Callable[[], Awaitable[Any]]) -> Any:
        """Tries one claim; whatever goes wrong is a finding about it."""
        self.trace.clear()
        suffix = f" ({driver})" if driver else ""
        try:
            detail = await work()
        except Refuted as refuted:
            self.write(key, thing, claim, REFUTED, f"{refuted}{suffix}")
        except Inapplicable as reason:
            self.write(key, thing, claim, NOT_APPLICABLE, str(reason))
        except Untried as reason:
            self.write(key, thing, claim, NOT_RUN, str(reason))
        except Exception as error:  # noqa: BLE001  a fault of the package is what is looked for
            self.write(key, thing, claim, REFUTED, f"{said(error)}{suffix}")
        else:
            self.write(key, thing, claim, PROVED, detail if isinstance(detail, str) else "")
            return detail
        return None

    def finish(self) -> None:
        """Writes everything out."""
        for claim in self.claims.values():
            self.out.write(json.dumps(claim, ensure_ascii=False) + "\n")
        self.out.write(json.dumps({"id": "end"}) + "\n")
        self.out.flush()


def said(error: BaseException) -> str:
    """What went wrong in one line, and where."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" at {os.path.basename(frames[-1].filename)}:{frames[-1].lineno}" if frames else ""
    text = str(error).strip().splitlines() or [""]
    if isinstance(error, ValidationError):
        parts = (f"{'.'.join(map(str, one['loc']))}: {one['type']}" for one in error.errors(include_input=False))
        text = ["; ".join(parts)]
    return f"{type(error).__name__}: {text[0][:300]}{where}"


def everything_said(error: BaseException) -> str:
    """All that an error and those behind it tell."""
    parts = ["".join(traceback.format_exception(error))]
    seen: BaseException | None = error
    while seen is not None:
        parts.append(repr(seen))
        seen = seen.__cause__ or seen.__context__
    return "".join(parts)


class Ears(logging.Handler):
    """Keeps everything that is logged."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.heard: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.heard.append(
            f"{record.name}: {record.getMessage()} {getattr(record, 'event', '')} {record.exc_text or ''}"
        )


# ── the package ──────────────────────────────────────────────────────────────


class Package:
    """The modules of the package that is tried."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.session = importlib.import_module(f"{name}.core.session")
        self.errors = importlib.import_module(f"{name}.core.errors")
        self.crypto = importlib.import_module(f"{name}.core.crypto")
        self.database = importlib.import_module(f"{name}.core.database")
        self.paging = importlib.import_module(f"{name}.core.paging")
        self.project = importlib.import_module(f"{name}.core.project")
        self.migrations = importlib.import_module(f"{name}.core.migrations")
        self.models = importlib.import_module(f"{name}.models")
        self.schemas = importlib.import_module(f"{name}.schemas")
        try:
            self.services: Any = importlib.import_module(f"{name}.models.services")
        except ModuleNotFoundError:
            self.services = None
        self.base = self.database.Base
        self.by_table = {
            mapper.local_table.name: mapper.class_
            for mapper in self.base.registry.mappers
            if isinstance(mapper.local_table, sa.Table)
        }

    def schema(self, model: type[Any], what: str) -> type[BaseModel] | None:
        """`OrderRead`, `OrderCreate`, `OrderUpdate`."""
        return getattr(self.schemas, f"{model.__name__}{what}", None)

    def service(self, name: str) -> Any:
        """A function of the database by its name."""
        found = getattr(self.services, name, None)
        if found is None:
            raise Refuted(f"the package has no function `{name}`")
        return found


class Awaited:
    """A synchronous session under the same words as an asynchronous one."""

    def __init__(self, session: Any) -> None:
        self.sync_session = session

    def __getattr__(self, name: str) -> Any:
        value = getattr(self.sync_session, name)
        if not callable(value) or name in ("add", "add_all", "expunge_all"):
            return value

        async def call(*arguments: Any, **options: Any) -> Any:
            return value(*arguments, **options)

        return call


class Store:
    """One database by one driver, for members of roles."""

    def __init__(self, package: Package, plan: Mapping[str, Any], driver: str, paper: Paper) -> None:
        self.package, self.plan, self.driver, self.paper = package, plan, driver, paper
        self.postgres = plan["dialect"] == "postgres"
        self.is_async = driver in ASYNC
        self.engines: dict[str, Any] = {}
        self.keys = package.crypto.StaticKeys({"kek-1": bytes(range(32))}, "kek-1", bytes(range(32, 64)))
        self.signing_key = bytes.fromhex(plan["signing_key"]) if plan.get("signing_key") else None

    def url(self, login: str, driver: str | None = None) -> sa.URL:
        driver = driver or self.driver
        if not self.postgres:
            name = "sqlite+aiosqlite" if driver == "aiosqlite" else "sqlite"
            return sa.URL.create(name, database=self.plan["file"])
        at = self.plan["logins"][login]
        socket = at["host"].startswith("/")
        return sa.URL.create(
            f"postgresql+{driver}",
            username=at["user"],
            password=at["password"],
            host=None if socket else at["host"],
            port=None if socket else at["port"],
            database=at["database"],
            query={"host": at["host"], "port": str(at["port"])} if socket else {},
        )

    def engine(self, login: str) -> Any:
        if not self.postgres:
            login = "app"
        if login not in self.engines:
            make = self.package.session.create_async_engine if self.is_async else self.package.session.create_engine
            engine = self.engines[login] = make(self.url(login))
            sync = getattr(engine, "sync_engine", engine)
            event.listen(sync, "before_cursor_execute", lambda c, cursor, text, *rest: self.paper.statement(text))
        return self.engines[login]

    @contextlib.asynccontextmanager
    async def session(self, context: Any, login: str = "app") -> AsyncIterator[Any]:
        """A transaction for somebody: committed, unless something goes wrong."""
        engine = self.engine(login)
        options: dict[str, Any] = {"context": context, "keys": self.keys}
        if self.signing_key is not None:
            options["signing_key"] = self.signing_key
        if self.is_async:
            async with self.package.session.AsyncSession(engine, **options) as session, session.begin():
                yield session
        else:
            with self.package.session.Session(engine, **options) as sync, sync.begin():
                yield Awaited(sync)

    async def close(self) -> None:
        for engine in self.engines.values():
            done = engine.dispose()
            if inspect.isawaitable(done):
                await done


# ── one entity ───────────────────────────────────────────────────────────────


class Thing:
    """A class of the package, and what the plan says of its table."""

    def __init__(self, trial: Trial, entity: Mapping[str, Any]) -> None:
        self.trial, self.entity = trial, entity
        self.table: str = entity["table"]
        found = trial.package.by_table.get(self.table)
        if found is None:
            raise Refuted(f"no class is mapped to the table `{self.table}`")
        self.model: Any = found
        self.mapper: orm.Mapper[Any] = sa.inspect(found)
        self.create_schema = trial.package.schema(found, "Create")
        self.update_schema = trial.package.schema(found, "Update")
        self.read_schema = trial.package.schema(found, "Read")
        self.named = hasattr(found, "public_id")
        self.taken = 0
        #: Whether a draft referred to a row that is hidden from whoever acts.
        self.substituted = False
        self.hopeless: str | None = None

    # names of rows

    def name(self, row: Any) -> Any:
        """What the outside calls a row."""
        if self.named:
            return row.public_id
        return tuple(getattr(row, self.attribute(column)) for column in self.mapper.primary_key)

    def attribute(self, column: Any) -> str:
        return str(self.mapper.get_property_by_column(column).key)

    def column(self, name: str) -> Any:
        """The column of an attribute, if it is one."""
        return self.mapper.columns.get(name)

    def attribute_of_column(self, name: str) -> str | None:
        """The attribute of a column by the column's name."""
        for column in self.mapper.local_table.columns:
            if column.name == name and column in self.mapper.c.values():
                return self.attribute(column)
        return None

    def select(self, name: Any) -> Any:
        if self.named:
            where = [self.model.public_id == name]
        else:
            where = [column == value for column, value in zip(self.mapper.primary_key, name, strict=True)]
        return sa.select(self.model).where(*where).options(*self.trial.package.database.reading(self.model))

    async def find(self, session: Any, name: Any, *, include_deleted: bool = False) -> Any:
        """The row, or the package's own refusal."""
        if self.named:
            return await session.get_by_public_id(self.model, name, include_deleted=include_deleted)
        statement = self.select(name).execution_options(include_deleted=include_deleted, populate_existing=True)
        row = (await session.scalars(statement)).one_or_none()
        if row is None:
            raise self.trial.package.errors.NotFound(self.table)
        return row

    async def names(self, session: Any, **options: Any) -> set[Any]:
        """What a session sees."""
        rows = (await session.scalars(sa.select(self.model).execution_options(**options))).all()
        return {self.name(row) for row in rows}

    # columns

    def privacy(self, column: Any) -> str | None:
        return str(column.info["privacy"]) if column is not None and "privacy" in column.info else None

    def is_encrypted(self, column: Any) -> bool:
        return column is not None and isinstance(column.type, self.trial.package.crypto.Encrypted)

    def internal(self) -> dict[str, Any]:
        """Attributes that hold keys of the database: they never leave."""
        found = {}
        for column in self.mapper.c.values():
            key = column.primary_key and self.named and self.attribute(column) != "public_id"
            to_named = any(
                hasattr(self.trial.package.by_table.get(foreign.column.table.name), "public_id")
                and foreign.column.name == "id"
                for foreign in column.foreign_keys
            )
            if (key or to_named) and not isinstance(column.type, sa.Uuid) and self.is_number(column):
                found[self.attribute(column)] = column
        return found

    def is_number(self, column: Any) -> bool:
        try:
            return issubclass(column.type.python_type, int)
        except NotImplementedError:
            return False

    def tokens(self) -> list[str]:
        """Required secrets that no schema takes: hashes of tokens."""
        fields = self.create_schema.model_fields if self.create_schema else {}
        return [
            self.attribute(column)
            for column in self.mapper.c.values()
            if self.privacy(column) == "secret"
            and not self.is_encrypted(column)
            and not column.nullable
            and self.attribute(column) not in fields
            and isinstance(column.type, sa.LargeBinary)
        ]

    def local(self, relation: orm.RelationshipProperty[Any]) -> Any:
        """The own column of a reference that names the other row."""
        pairs = [
            (own, other) for own, other in relation.local_remote_pairs or () if own.table is self.mapper.local_table
        ]
        for own, other in pairs:
            if other.primary_key:
                return own
        return pairs[0][0] if pairs else None

    # rows

    def drafts(self) -> Iterator[Mapping[str, Any]]:
        """Legal rows of the first party that were not used yet."""
        drafts = self.entity["drafts"]
        while self.taken < len(drafts):
            self.taken += 1
            yield drafts[self.taken - 1]

    async def sent(self, session: Any, draft: Mapping[str, Any]) -> dict[str, Any]:
        """What a client would send to make this row, as JSON."""
        if self.create_schema is None:
            raise Inapplicable("the package takes no such rows from outside")
        values: dict[str, Any] = {}
        for field, info in self.create_schema.model_fields.items():
            send = info.alias or field
            relation = self.mapper.relationships.get(field)
            if relation is not None:
                if relation.direction is MANYTOONE:
                    reference = await self.reference(session, relation, draft)
                    if reference is not None:
                        values[send] = reference
                continue
            column = self.column(field)
            if column is None:
                continue
            if self.is_encrypted(column):
                continue
            value = draft.get(column.name)
            if value is not None:
                values[send] = value
        return values

    async def reference(self, session: Any, relation: Any, draft: Mapping[str, Any]) -> Any:
        """The name of the row that a draft refers to; of another one when that is hidden from whoever acts."""
        column = self.local(relation)
        value = draft.get(column.name) if column is not None else None
        if value is None:
            return None
        other = relation.mapper.class_
        if not hasattr(other, "public_id"):
            return value
        (key,) = sa.inspect(other).primary_key[:1]
        if isinstance(value, str):
            value = uuid.UUID(value)
        found = await session.scalar(sa.select(other.public_id).where(key == value))
        if found is None:
            self.substituted = True
            found = await session.scalar(sa.select(other.public_id).limit(1))
        return None if found is None else str(found)

    def validated(self, values: Mapping[str, Any]) -> Any:
        assert self.create_schema is not None
        return self.create_schema.model_validate_json(json.dumps(values))

    async def create(self, session: Any, draft: Mapping[str, Any], **changed: Any) -> tuple[Any, Any]:
        """Makes a row as an application would; answers the row and what was sent."""
        values = await self.sent(session, draft)
        values.update(changed)
        data = self.validated(values)
        self.listen(draft)
        tokens = self.tokens()
        if self.named and not tokens:
            return await session.create(self.model, data), data
        row = self.model()
        for field, value in data.model_dump(exclude_none=True).items():
            relation = self.mapper.relationships.get(field)
            if relation is None:
                setattr(row, field, plain(value))
            elif not relation.uselist:
                other = Thing.of(self.trial, relation.mapper.class_)
                if other.named:
                    value = await session.get_by_public_id(other.model, value)
                setattr(row, field, value)
        for token in tokens:
            setattr(row, token, self.trial.package.crypto.Token.issue().stored)
        session.add(row)
        await session.flush()
        statement = self.select(self.name(row)).execution_options(populate_existing=True)
        return (await session.scalars(statement)).one(), data

    @staticmethod
    def of(trial: Trial, model: Any) -> Thing:
        for thing in trial.things:
            if thing.model is model:
                return thing
        return Thing(trial, {"table": sa.inspect(model).local_table.name, "drafts": []})

    def listen(self, values: Mapping[str, Any]) -> None:
        """From now on these values must not be heard where they do not belong."""
        for column in self.mapper.local_table.columns:
            if self.privacy(column) is None:
                continue
            value = values.get(column.name)
            if isinstance(value, str) and len(value) >= SHORTEST_CANARY:
                self.trial.paper.canaries.add(value)

    async def fresh(self, context: Any) -> tuple[Any, Any, Mapping[str, Any]]:
        """A new row, by the first draft that works; and the draft."""
        if self.hopeless:
            raise Inapplicable(self.hopeless)
        last: Exception | None = None
        refused = self.trial.package.errors.Refused
        for draft in self.drafts():
            try:
                async with self.trial.store.session(context, self.login("insert")) as own:
                    row, data = await self.create(own, draft)
                    return self.name(row), data, draft
            except (refused, ValidationError) as error:
                last = error
        if last is None:
            if self.entity["drafts"] or self.entity["planted"][0]["rows"]:
                raise self.no_more()
            raise Untried(f"no legal row is known{self.why()}")
        if self.substituted:
            self.hopeless = "what such a row must refer to is hidden from whoever would make it"
            raise Inapplicable(self.hopeless)
        raise last

    def why(self) -> str:
        """What stood in the way of a legal row, where that is known."""
        return f": {fault}" if (fault := self.entity.get("fault")) else ""

    def no_more(self) -> Inapplicable:
        return Inapplicable(f"no further row of this owner is known to be legal{self.why()}")

    def login(self, right: str) -> str:
        """Who may do it: a member of the application's role, with one of the declared roles where that is needed."""
        login = self.entity.get(right)
        if login is None:
            reason = self.entity.get("because") or f"no role of the application has the right to {right}"
            raise Inapplicable(reason)
        return str(login)


def plain(value: Any) -> Any:
    return value.get_secret_value() if isinstance(value, SecretStr) else value


# ── trials ───────────────────────────────────────────────────────────────────


class Trial:
    """All claims, by one driver."""

    def __init__(self, package: Package, plan: Mapping[str, Any], driver: str, paper: Paper) -> None:
        self.package, self.plan, self.driver, self.paper = package, plan, driver, paper
        self.store = Store(package, plan, driver, paper)
        self.number = DRIVERS[plan["dialect"]].index(driver)
        make = package.session.Context

        def acting(one: Mapping[str, Any]) -> Any:
            actor, tenant = one["actor"], one["tenant"]
            return make(actor=actor and uuid.UUID(actor), tenant=tenant and uuid.UUID(tenant))

        self.contexts = [acting(one) for one in plan["parties"]]
        #: Who has nothing yet, and can be erased.
        self.newcomers = [acting(one) for one in plan["newcomers"]]
        self.nobody = make()
        self.system = make(system=True)
        self.things: list[Thing] = []

    async def attempt(self, key: str, thing: str, claim: str, work: Callable[[], Awaitable[Any]]) -> Any:
        return await self.paper.attempt(key, thing, claim, self.driver, work)

    async def run(self) -> None:
        for entity in self.plan["entities"]:
            try:
                thing = Thing(self, {**entity, "drafts": entity["drafts"][self.number :: 2]})
            except Refuted as refuted:
                self.paper.write("mapped", entity["table"], "each table has its class", REFUTED, str(refuted))
                continue
            self.things.append(thing)
            for row in entity["planted"]:
                for one in row["rows"]:
                    thing.listen(one)
        for thing in self.things:
            await self.of(thing)
        await self.services()

    async def end(self) -> None:
        """What removes rows comes last, after all drivers."""
        plan = self.plan["services"]
        for one in plan["erase"]:
            await self.attempt("erase", one["name"], "an erased person is out of sight", partial(self.erase, one))
        for name in plan["retention"]:
            await self.attempt(
                "retention", name, "retention runs until nothing is left to do", partial(self.retention, name)
            )
        await self.store.close()

    async def of(self, thing: Thing) -> None:
        table = thing.table
        made: dict[str, Any] = {}

        async def create() -> str | None:
            if any(thing.entity["firsts"]):
                return await self.first(thing)
            name, data, draft = await thing.fresh(self.contexts[0])
            made.update(name=name, data=data, draft=draft)
            async with self.store.session(self.contexts[0]) as session:
                await self.compare(session, thing, await thing.find(session, name), data)
            return None

        await self.attempt("create", table, "a row can be made, and reads back as it was sent", create)
        if "name" not in made:
            made["name"] = await self.there(thing)
        name = made.get("name")

        async def nothing() -> None:
            raise Untried("there is no row to try it on")

        async def update() -> None:
            await self.update(thing, name, made.get("draft"))

        async def stale() -> None:
            await self.stale(thing, name)

        async def shows() -> None:
            await self.shows(thing, name)

        async def quiet() -> None:
            await self.quiet(thing, name)

        there = name is not None
        await self.attempt(
            "read", table, "a row tells the outside public ids only, and nothing secret", shows if there else nothing
        )
        await self.attempt("repr", table, "`repr` shows nothing personal or secret", quiet if there else nothing)
        await self.attempt("update", table, "a change is kept, and raises the version", update if there else nothing)
        if thing.entity["version"]:
            await self.attempt("stale", table, "who has a stale version is refused", stale if there else nothing)
        for state in thing.entity["transitions"]:
            await self.attempt(
                "transition",
                f"{table}.{state['column']}",
                "only declared moves are accepted",
                partial(self.moves, thing, state),
            )
        if thing.entity["private"]:
            await self.attempt(
                "scope", table, "another owner's or tenant's rows are out of sight", partial(self.scope, thing, name)
            )
        if thing.entity["shared"] is not None and thing.named:
            await self.attempt(
                "shared",
                table,
                "of another's rows those are seen that the schema opens, and they are not changed by that",
                partial(self.shared, thing),
            )
        for query in thing.entity["queries"]:
            await self.attempt(
                "finder",
                f"{table}.{query['name']}",
                "the finder answers its rows, page by page, to whom they belong",
                partial(self.finder, thing, query),
            )
        await self.attempt(
            "unwritable",
            table,
            "what no database can write is refused at the border, and by the session as invalid",
            partial(self.unwritable, thing, name),
        )
        if thing.entity["wrong"]:
            await self.attempt(
                "refuses", table, "what a check of the database refuses is refused before", partial(self.refuses, thing)
            )
        if thing.entity["uniques"]:
            await self.attempt(
                "unique",
                table,
                "a value that is taken is refused, and the refusal does not repeat it",
                partial(self.unique, thing),
            )
        if thing.entity["soft"]:
            await self.attempt(
                "soft-delete",
                table,
                "a deleted row is out of sight, can be shown, and frees its values",
                partial(self.soft, thing),
            )
        for attribute in self.encrypted(thing):
            await self.attempt(
                "encrypted",
                f"{table}.{attribute}",
                "an encrypted field reads back, and is ciphertext in the database",
                partial(self.sealed, thing, attribute, name),
            )

    async def there(self, thing: Thing) -> Any:
        """A row of the first party that was there before."""
        planted = self.planted(thing, 0)
        if planted:
            return planted[0]
        with contextlib.suppress(self.package.errors.Refused):
            async with self.store.session(self.contexts[0]) as session:
                names = await thing.names(session)
            return next(iter(names), None)
        return None

    def planted(self, thing: Thing, party: int) -> list[Any]:
        names = thing.entity["planted"][party]["names"] if party < len(thing.entity["planted"]) else []
        if thing.named:
            return [uuid.UUID(name) for name in names]
        return []

    async def first(self, thing: Thing) -> str:
        """Of what everybody has one: it is made by somebody who has none yet."""
        person, draft = self.newcomers[self.number], thing.entity["firsts"][self.number]
        if draft is None:
            raise thing.no_more()
        async with self.store.session(person, thing.login("insert")) as session:
            row, data = await thing.create(session, draft)
            name = thing.name(row)
        async with self.store.session(person) as session:
            await self.compare(session, thing, await thing.find(session, name), data)
        async with self.store.session(self.contexts[0]) as session:
            if thing.entity["private"] and name in await thing.names(session):
                raise Refuted("another sees it")
        return "by somebody who had none"

    async def compare(self, session: Any, thing: Thing, row: Any, data: BaseModel) -> None:
        stored = data.model_dump()
        for field, value in data:
            relation = thing.mapper.relationships.get(field)
            column = thing.column(field)
            if field not in data.model_fields_set or value is None or thing.privacy(column) == "secret":
                continue
            if relation is not None:
                if relation.uselist:
                    continue
                other = getattr(row, field)
                found = other.public_id if hasattr(other, "public_id") else value
            elif column is None or thing.is_encrypted(column):
                continue
            else:
                found = getattr(row, field)
            if not same(found, stored[field]):
                raise Refuted(f"`{field}` reads back as another value than was sent")
        secrets = [thing.attribute(column) for column in thing.mapper.c.values() if thing.privacy(column) == "secret"]
        for attribute in secrets:
            if attribute in sa.inspect(row).dict:
                raise Refuted(f"the secret `{attribute}` is loaded with the row")

    # what leaves

    async def shows(self, thing: Thing, name: Any) -> None:
        if thing.read_schema is None:
            raise Inapplicable("the package shows no such rows")
        async with self.store.session(self.contexts[0]) as session:
            row = await thing.find(session, name)
            internal = {key: getattr(row, key) for key in thing.internal()}
            shown = row.to_dict_secure()
            inside = await self.inside(session, thing, row)
        if thing.named and shown.get("id") != str(name):
            raise Refuted("`id` is not the public id")
        for key, value in shown.items():
            column = thing.column(key)
            if key in internal and key != "id":
                raise Refuted(f"`{key}` shows an internal key")
            if column is not None and thing.privacy(column) == "secret":
                raise Refuted(f"`{key}` shows a secret")
            if column is None or key == "id":
                numbers = {str(number) for number in internal.values() if number is not None}
                if str(value) in numbers:
                    raise Refuted(f"`{key}` shows an internal key")
        text = json.dumps(shown)
        for field, hidden in inside.items():
            if len(hidden) >= SHORTEST_CANARY and hidden in text:
                raise Refuted(f"what is shown holds the secret `{field}`")
        fields = thing.read_schema.model_fields
        allowed = {name for key, field in fields.items() for name in (field.serialization_alias, field.alias, key)}
        if not set(shown) <= allowed:
            raise Refuted("more is shown than the schema says")

    async def inside(self, session: Any, thing: Thing, row: Any) -> dict[str, str]:
        """The secrets of a row as the database holds them."""
        found = {}
        for column in thing.mapper.c.values():
            if thing.privacy(column) == "secret" and not thing.is_encrypted(column):
                statement = sa.select(column).where(
                    *(key == getattr(row, thing.attribute(key)) for key in thing.mapper.primary_key)
                )
                value = await session.scalar(statement)
                if isinstance(value, str):
                    found[thing.attribute(column)] = value
                elif isinstance(value, bytes):
                    found[thing.attribute(column)] = base64.b64encode(value).decode()
        return found

    async def quiet(self, thing: Thing, name: Any) -> None:
        async with self.store.session(self.contexts[0]) as session:
            row = await thing.find(session, name)
            sensitive = [c for c in thing.mapper.c.values() if thing.privacy(c) is not None]
            inside = await self.inside(session, thing, row)
            for column in sensitive:
                attribute = thing.attribute(column)
                if attribute in sa.inspect(row).dict and isinstance(getattr(row, attribute), str):
                    inside[attribute] = getattr(row, attribute)
            reloaded = sa.select(thing.model).where(
                *(k == getattr(row, thing.attribute(k)) for k in thing.mapper.primary_key)
            )
            options = [orm.undefer(getattr(thing.model, a)) for a in inside]
            whole = (await session.scalars(reloaded.options(*options).execution_options(populate_existing=True))).one()
            for shown in (repr(whole), str(whole), f"{whole}"):
                for attribute, value in inside.items():
                    if len(value) >= SHORTEST_CANARY and value in shown:
                        raise Refuted(f"`repr` shows `{attribute}`")
                for attribute in thing.internal():
                    if re.search(rf"(?<![\w-]){getattr(whole, attribute)}(?![\w-])", shown):
                        raise Refuted(f"`repr` shows the internal key `{attribute}`")
            if hasattr(session.sync_session, "record_event"):
                known = whole if thing.named else None
                await session.record_event("access_denied", known, dict(list(inside.items())[:4]))
                await session.record_event("access_denied", known, self.words(sensitive, thing))
            if hasattr(thing.model, "__accesses__"):
                await session.log_access(whole)
        for schema in (thing.create_schema, thing.update_schema):
            if schema is None:
                continue
            with contextlib.suppress(ValidationError):
                hidden = {field: secret(schema, field) for field in schema.model_fields}
                built = schema.model_construct(**{field: value for field, value in hidden.items() if value is not None})
                if "canary-secret" in repr(built) + str(built):
                    raise Refuted(f"`repr({schema.__name__})` shows a secret")

    def words(self, sensitive: list[Any], thing: Thing) -> dict[str, str]:
        """Values that look like code words, under the names of fields whose values are nobody's business: `anna` is a name, too."""
        found = {}
        for column in sensitive[:4]:
            word = "canary" + "".join(secrets.choice("abcdefghij") for _ in range(12))
            self.paper.canaries.add(word)
            found[thing.attribute(column)] = word
        return found

    # changes

    async def update(self, thing: Thing, name: Any, draft: Mapping[str, Any] | None) -> str:
        if thing.update_schema is None:
            raise Inapplicable("the package takes no changes of such rows")
        login = thing.login("update")
        refused = self.package.errors.Refused
        other = next(thing.drafts(), None) or draft or next(iter(thing.entity["drafts"][-1:]), None)
        if other is None:
            raise thing.no_more()
        last: Exception | None = None
        states = {state["column"] for state in thing.entity["transitions"]}
        thing.listen(other)
        for field in thing.update_schema.model_fields:
            column = thing.column(field)
            value = other.get(column.name) if column is not None else None
            if value is None or thing.is_encrypted(column) or column.name in states or field == "version":
                continue
            if column.foreign_keys:
                continue  # one part of a reference alone names another row, or none
            if column.name not in thing.entity["updatable"]:
                continue
            try:
                async with self.store.session(self.contexts[0], login) as session:
                    row = await thing.find(session, name)
                    before = row.version if thing.entity["version"] else None
                    send = {thing.update_schema.model_fields[field].alias or field: value}
                    if before is not None:
                        send["version"] = before
                    data = thing.update_schema.model_validate_json(json.dumps(send))
                    wanted = plain(getattr(data, field))
                    if field in sa.inspect(row).dict and getattr(row, field) == wanted:
                        continue
                    if thing.named:
                        row = await session.update(row, data)
                    else:
                        setattr(row, field, wanted)
                        await session.flush()
                    if before is not None and row.version != before + 1:
                        raise Refuted(f"the version is {row.version} after a change of {before}")
            except (refused, ValidationError) as error:
                last = error
                continue
            async with self.store.session(self.contexts[0]) as session:
                if not thing.named:
                    name = thing.name(row)
                row = await thing.find(session, name)
                if thing.privacy(column) != "secret" and not same(getattr(row, field), wanted):
                    raise Refuted(f"`{field}` does not keep its change")
                if thing.entity["times"] and row.updated_at < row.created_at:
                    raise Refuted("`updated_at` did not follow the change")
            return f"by `{field}`"
        if last is not None:
            raise last
        raise Inapplicable("nothing of the row can be changed by a value that is known to be legal")

    async def stale(self, thing: Thing, name: Any) -> None:
        login = thing.login("update")
        package = self.package
        field, _ = self.changeable(thing)
        async with self.store.session(self.contexts[0], login) as session:
            old = await thing.find(session, name)
            value = getattr(old, field)
            session.sync_session.expunge_all()
        async with self.store.session(self.contexts[0], login) as session:
            row = await thing.find(session, name)
            orm.attributes.flag_modified(row, field)
            await session.flush()
            if row.version != old.version + 1:
                raise Refuted(f"the version is {row.version} after a change of {old.version}")
        try:
            async with self.store.session(self.contexts[0], login) as session:
                session.add(old)
                setattr(old, field, value)
                orm.attributes.flag_modified(old, field)
                await session.flush()
        except package.errors.Stale:
            pass
        else:
            raise Refuted("a change of a stale row is accepted")
        if thing.update_schema is None or not thing.named:
            return
        try:
            async with self.store.session(self.contexts[0], login) as session:
                row = await thing.find(session, name)
                await session.update(row, thing.update_schema.model_validate({"version": row.version - 1}))
        except package.errors.Stale:
            return
        raise Refuted("`update` with a stale version is accepted")

    def changeable(self, thing: Thing) -> tuple[str, Any]:
        """A field that may be written again as it is."""
        states = {state["column"] for state in thing.entity["transitions"]}
        columns = [column for column in thing.mapper.c.values() if thing.privacy(column) != "secret"]
        for column in sorted(columns, key=lambda one: thing.privacy(one) is not None):
            attribute = thing.attribute(column)
            if (
                column.name in thing.entity["updatable"]
                and column.name not in ("deleted_at", "deletion_reason", "deletion_batch", "version", *states)
                and not column.foreign_keys
                and not column.primary_key
                and not thing.is_encrypted(column)
                and thing.update_schema is not None
                and attribute in thing.update_schema.model_fields
            ):
                return attribute, column
        raise Inapplicable("nothing of the row can be changed")

    async def moves(self, thing: Thing, state: Mapping[str, Any]) -> str:
        login = thing.login("update")
        invalid = self.package.errors.Invalid
        attribute = thing.attribute_of_column(state["column"])
        if attribute is None:
            raise Refuted("the state is not mapped")
        try:
            name, _, _ = await thing.fresh(self.contexts[0])
        except Inapplicable:
            name = await self.there(thing)
            if name is None:
                raise
        targets = {member for pair in state["moves"] for member in pair} | set(state["initial"])
        trodden = 0
        for _ in range(len(targets)):
            async with self.store.session(self.contexts[0], login) as session:
                row = await thing.find(session, name)
                kind, now = type(getattr(row, attribute)), getattr(row, attribute)
                stored = str(getattr(now, "value", now))
            legal = sorted(to for start, to in state["moves"] if start == stored)
            declared = getattr(now, "moves", None)
            if declared is not None and {str(one.value) for one in declared} != set(legal):
                raise Refuted(f"`{kind.__name__}.moves` differs from the schema")
            for illegal in sorted(targets - set(legal) - {stored}):
                try:
                    async with self.store.session(self.contexts[0], login) as session:
                        row = await thing.find(session, name)
                        setattr(row, attribute, kind(illegal))
                        await session.flush()
                except invalid:
                    continue
                raise Refuted(f"the move from `{stored}` to `{illegal}` is accepted")
            if not legal:
                break
            async with self.store.session(self.contexts[0], login) as session:
                row = await thing.find(session, name)
                setattr(row, attribute, kind(legal[0]))
                await session.flush()
                if str(getattr(getattr(row, attribute), "value", getattr(row, attribute))) != legal[0]:
                    raise Refuted(f"the move from `{stored}` to `{legal[0]}` is not kept")
            trodden += 1
        return f"{trodden} moves"

    # whose a row is

    async def scope(self, thing: Thing, name: Any) -> str:
        mine = set(self.planted(thing, 0))
        if name is not None:
            mine.add(name)
        if not mine:
            raise Untried("there is no row to try it on")
        async with self.store.session(self.contexts[0]) as session:
            seen = await thing.names(session)
            if not mine <= seen:
                raise Refuted("whose rows they are does not see all of them")
        others = [(index, self.contexts[index]) for index in thing.entity["strangers"]]
        not_found = self.package.errors.NotFound
        for index, other in [*others, (-1, self.nobody)]:
            who = "nobody known" if index < 0 else "another"
            async with self.store.session(other) as session:
                if mine & await thing.names(session):
                    raise Refuted(f"{who} sees rows by a plain select")
                if mine & await thing.names(session, include_deleted=True):
                    raise Refuted(f"{who} sees rows, with the deleted ones")
                counted = await session.scalar(sa.select(sa.func.count()).select_from(thing.model))
                own = len(await thing.names(session))
                if counted != own:
                    raise Refuted(f"{who} counts {counted} rows, and sees {own}")
                for one in list(mine)[:2]:
                    try:
                        await thing.find(session, one)
                    except not_found as error:
                        message = str(error)
                    else:
                        raise Refuted(f"{who} finds a row by its public id")
                if thing.named:
                    try:
                        await thing.find(session, uuid.uuid4())
                    except not_found as error:
                        if str(error) != message:
                            raise Refuted("a hidden row and none are told apart") from None
        if 1 in thing.entity["strangers"]:  # it belongs to a person, and not to all of a tenant
            unknown = self.package.session.Context(actor=uuid.uuid4(), tenant=self.contexts[0].tenant)
            with contextlib.suppress(self.package.errors.Forbidden):
                async with self.store.session(unknown) as session:
                    if mine & await thing.names(session):
                        raise Refuted("an actor who is not there sees rows")
        return f"{len(mine)} rows against {len(others) + 1}"

    async def shared(self, thing: Thing) -> str:
        rows = thing.entity["shared"]
        opened, closed = ({uuid.UUID(name) for name in rows[which]} for which in ("open", "closed"))
        if not opened and not closed:
            raise Untried("no row of others is there")
        async with self.store.session(self.contexts[0]) as session:
            seen = await thing.names(session)
            if opened - seen:
                raise Refuted("a row that is open to everyone is not seen")
            if closed & seen:
                raise Refuted("a row that is not open is seen")
        if not rows["may_change"]:
            for name in list(opened)[:2]:
                await self.kept_from(thing, name)
        return f"{len(opened)} open, {len(closed)} not"

    async def kept_from(self, thing: Thing, name: Any) -> None:
        """What can be read of another's cannot be changed, neither as a row nor by a statement."""
        refused = self.package.errors.Refused
        try:
            field, column = self.changeable(thing)
        except Inapplicable:
            return
        for way in ("row", "statement"):
            try:
                async with self.store.session(self.contexts[0]) as session:
                    row = await thing.find(session, name)
                    value = getattr(row, field)
                    if way == "row":
                        orm.attributes.flag_modified(row, field)
                        await session.flush()
                        raise Refuted("another's row is changed")
                    change = sa.update(thing.model).where(thing.model.public_id == name).values({column: value})
                    if (await session.execute(change)).rowcount:
                        raise Refuted("a statement changes another's row")
            except refused:
                pass

    async def finder(self, thing: Thing, query: Mapping[str, Any]) -> str:
        find = getattr(thing.model, query["name"], None)
        if find is None or not callable(find):
            find = getattr(thing.model, f"find_{query['name']}", None)
        if find is None:
            raise Refuted("the class has no such finder")
        context = self.contexts[0]
        async with self.store.session(context) as session:
            rows = (
                await session.scalars(sa.select(thing.model).options(*self.package.database.reading(thing.model)))
            ).all()
            samples_with: list[tuple[Any, list[Any]]] = []
            for row in rows:
                given = await self.arguments(session, thing, query, row)
                if given is not None and len(samples_with) < SAMPLES:
                    samples_with.append((row, given))
        if not samples_with and rows:
            raise Inapplicable("what it is asked by is empty in every row, or hidden from whoever asks")
        if not samples_with:
            raise Untried("no row is there by whose values the finder could be called")
        found_any = False
        for row, given in samples_with:
            asked = find(*given)
            async with self.store.session(context) as session:
                seen = await thing.names(session)
                answered = [thing.name(one) for one in await session.all(asked)]
                if not set(answered) <= seen:
                    raise Refuted("it answers rows that are not to be seen")
                own = thing.name(row) in answered
                if query["exact"] and not own and len(answered) < asked.limit:
                    raise Refuted("it does not find a row by that row's own values")
                found_any = found_any or bool(answered)
                await self.pages(session, thing, asked, answered)
            if thing.entity["private"]:
                for index in thing.entity["strangers"]:
                    async with self.store.session(self.contexts[index]) as session:
                        others = {thing.name(one) for one in await session.all(asked)}
                        if others & set(answered):
                            raise Refuted("it answers another's rows")
                        page = await session.page(asked)
                        if {thing.name(one) for one in page.items} & set(answered):
                            raise Refuted("its pages answer another's rows")
            shown = [one for one in answered if thing.entity["private"]]
            async with self.store.session(self.nobody) as session:
                if shown and {thing.name(one) for one in await session.all(asked)} & set(shown):
                    raise Refuted("it answers to nobody known")
        return f"{len(samples_with)} calls" + ("" if found_any else ", all empty")

    async def pages(self, session: Any, thing: Thing, asked: Any, answered: list[Any]) -> None:
        seen: list[Any] = []
        after = None
        for _ in range(len(answered) + 2):
            page = await session.page(asked, after=after, size=2)
            seen += [thing.name(one) for one in page.items]
            after = page.next
            if after is None:
                break
            padded = base64.urlsafe_b64decode(after + "=" * (-len(after) % 4))
            for row in page.items:
                if thing.named and str(thing.name(row)).encode() in padded:
                    raise Refuted("a cursor shows what it stands for")
            if len(seen) >= asked.limit:
                break
        if len(seen) != len(set(seen)):
            raise Refuted("a row stands on two pages")
        if len(answered) < asked.limit and set(seen) != set(answered):
            raise Refuted(f"the pages hold {len(seen)} rows, all at once {len(answered)}")
        cursors = self.package.paging.Cursors
        try:
            for row in page.items[:1]:
                cursors(None).read(asked, cursors(None).write(asked, row))
        except self.package.paging.BadCursor:
            raise Refuted("without keys, no session reads the cursor of another") from None
        try:
            await session.page(asked, after="AAAA", size=2)
        except self.package.paging.BadCursor:
            return
        raise Refuted("a cursor that was made up is taken")

    async def arguments(self, session: Any, thing: Thing, query: Mapping[str, Any], row: Any) -> list[Any] | None:
        given: list[Any] = []
        for param in query["params"]:
            how, field = param["how"], param["field"]
            if how == "limit":
                given.append(50)
                continue
            if field is None:
                raise Inapplicable("a parameter is compared with more than a field of the row")
            relation = thing.mapper.relationships.get(field) or thing.mapper.relationships.get(f"{field}_")
            if relation is not None:
                column = thing.local(relation)
                value = getattr(row, thing.attribute(column)) if column is not None else None
                other = relation.mapper.class_
                if value is not None and hasattr(other, "public_id"):
                    value = await session.scalar(
                        sa.select(other.public_id).where(sa.inspect(other).primary_key[0] == value)
                    )
            else:
                attribute = field if thing.column(field) is not None else f"{field}_"
                column = thing.column(attribute)
                if thing.is_encrypted(column):
                    raise Inapplicable("it is asked by the hash of an encrypted value")
                value = await session.scalar(sa.select(column).where(self.is_row(thing, row)))
            if value is None:
                return None
            match how:
                case "part" if isinstance(value, list):
                    if not value:
                        return None
                    value = value[0]
                case "list":
                    value = [value]
                case "prefix" | "part" | "suffix":
                    value = (
                        str(value)[:3] if how == "prefix" else str(value)[-3:] if how == "suffix" else str(value)[1:4]
                    )
            given.append(value)
        return given

    # refusals

    async def refuses(self, thing: Thing) -> str:
        thing.login("insert")
        draft = thing.entity["drafts"][0] if thing.entity["drafts"] else None
        if thing.create_schema is None or draft is None:
            raise Inapplicable("the package takes no such rows from outside")
        async with self.store.session(self.contexts[0], thing.login("insert")) as session:
            values = await thing.sent(session, draft)
        thing.validated(values)
        tried = 0
        for wrong in thing.entity["wrong"]:
            attribute = thing.attribute_of_column(wrong["column"])
            if attribute not in thing.create_schema.model_fields:
                continue
            tried += 1
            send = thing.create_schema.model_fields[attribute].alias or attribute
            try:
                thing.validated({**values, send: wrong["value"]})
            except ValidationError as error:
                value = wrong["value"]
                if isinstance(value, str) and len(value) >= SHORTEST_CANARY and value in str(error):
                    raise Refuted(f"the refusal of `{attribute}` repeats the value") from None
                continue
            raise Refuted(f"`{thing.create_schema.__name__}` accepts a `{attribute}` that breaks `{wrong['check']}`")
        try:
            thing.validated({**values, "no_such_field": 1})
        except ValidationError:
            pass
        else:
            raise Refuted("a field that nobody declared is accepted")
        return f"{tried} values"

    async def unwritable(self, thing: Thing, name: Any) -> str:
        """NUL, and halves of letters: some databases take them, some drivers fail on them with the value in their error."""
        fields = {}
        for schema in (thing.create_schema, thing.update_schema):
            for field, info in (schema.model_fields if schema else {}).items():
                column = thing.column(field)
                # Bytes are any bytes, and so are pictures of values that have another form.
                text = column is not None and (thing.is_encrypted(column) or holds_text(column.type))
                if text and isinstance(self.try_text(info, "abcdef"), str | SecretStr):
                    fields[schema, field] = info
                elif column is not None and type(column.type).__name__ == "Json" and not shaped(info):
                    fields[schema, field] = info
        if not fields:
            raise Inapplicable("no field holds a text that may be anything")
        for (schema, field), info in fields.items():
            for bad in UNWRITABLE:
                for value in ([bad], {bad: 1}, {"a": [bad]}) if isinstance(self.try_text(info, {}), dict) else (bad,):
                    if self.try_text(info, value) is not None:
                        raise Refuted(f"`{schema.__name__}` takes a `{field}` with a NUL or half a letter")
        return f"{len(fields)} fields" + await self.past_the_border(thing, name)

    def try_text(self, info: Any, value: Any) -> Any:
        """What a field makes of a value; nothing when it is refused."""
        marked: Any = Annotated[info.annotation, *info.metadata] if info.metadata else info.annotation
        try:
            return TypeAdapter(marked).validate_python(value)
        except ValidationError:
            return None

    async def past_the_border(self, thing: Thing, name: Any) -> str:
        """The same, when an application sets attributes by itself."""
        if name is None or thing.entity.get("update") is None:
            return ""
        refused = self.package.errors.Refused
        for attribute in (thing.attribute(column) for column in thing.mapper.c.values()):
            column = thing.column(attribute)
            if column.name not in thing.entity["updatable"] or column.name in ("deletion_reason", "deleted_at"):
                continue
            if column.foreign_keys or thing.is_encrypted(column) or not holds_text(column.type):
                continue
            for bad in UNWRITABLE:
                try:
                    async with self.store.session(self.contexts[0], thing.login("update")) as session:
                        row = await thing.find(session, name)
                        setattr(row, attribute, bad)
                        await session.flush()
                        await session.rollback()
                except refused as error:
                    if bad in everything_said(error):
                        raise Refuted(f"the refusal of `{attribute}` repeats the value") from None
                except Exception as error:  # noqa: BLE001  whatever comes is what an application must handle
                    raise Refuted(f"`{attribute}` fails with {type(error).__name__} in place of Invalid") from None
            return ", and one past the border"
        return ""

    def claimed(self, thing: Thing) -> list[list[str]]:
        """What is unique and up to whoever makes a row."""
        fields = thing.create_schema.model_fields if thing.create_schema else {}
        chosen = {thing.column(field).name for field in fields if thing.column(field) is not None}
        for field in fields:
            relation = thing.mapper.relationships.get(field)
            if relation is not None and relation.direction is MANYTOONE:
                chosen |= {column.name for column in relation.local_columns}
        owner = getattr(thing.model, "__owner__", None)
        chosen |= {"tenant_id"} | ({thing.column(owner).name} if owner and thing.column(owner) is not None else set())
        return [columns for columns in thing.entity["uniques"] if set(columns) <= chosen]

    async def unique(self, thing: Thing) -> str:
        login = thing.login("insert")
        if thing.create_schema is not None and not self.claimed(thing):
            raise Inapplicable("what is unique is not up to whoever makes a row")
        _, _, draft = await thing.fresh(self.contexts[0])
        errors = self.package.errors
        try:
            async with self.store.session(self.contexts[0], login) as session:
                await thing.create(session, draft)
        except errors.NotUnique as error:
            told = everything_said(error)
            for columns in thing.entity["uniques"]:
                for column in columns:
                    value = draft.get(column)
                    known = thing.attribute_of_column(column)
                    if known and isinstance(value, str) and len(value) >= 8 and value in told and not is_id(value):
                        raise Refuted(f"the refusal repeats the value of `{column}`") from None
            return ""
        except errors.Refused as error:
            raise Refuted(f"a value that is taken is refused as {type(error).__name__}, not as NotUnique") from None
        owned = {"tenant_id", getattr(thing.model, "__owner__", None)}
        if all(
            any(draft.get(column) is None and column not in owned for column in columns)
            for columns in self.claimed(thing)
        ):
            raise Inapplicable("a part of what is unique is empty")
        raise Refuted("a value that is taken is accepted")

    async def soft(self, thing: Thing) -> None:
        deleter = thing.login("delete")
        name, _, draft = await thing.fresh(self.contexts[0])
        context = self.contexts[0]
        async with self.store.session(context, deleter) as session:
            row = await thing.find(session, name)
            await session.soft_delete(row, "tried")
            if not row.is_deleted:
                raise Refuted("the row does not know that it is deleted")
        async with self.store.session(context) as session:
            with contextlib.suppress(self.package.errors.NotFound):
                await thing.find(session, name)
                raise Refuted("a deleted row is found by its public id")
            if name in await thing.names(session):
                raise Refuted("a deleted row is found by a plain select")
            if name not in await thing.names(session, include_deleted=True):
                raise Refuted("a deleted row cannot be shown")
            dead = await thing.find(session, name, include_deleted=True)
            if not dead.is_deleted or dead.deletion_reason != "tried":
                raise Refuted("a deleted row has lost why it was deleted")
        if thing.entity["frees"]:
            async with self.store.session(context, thing.login("insert")) as session:
                second, _ = await thing.create(session, draft)
                if thing.name(second) == name:
                    raise Refuted("the same row came again")
            return
        async with self.store.session(context, deleter) as session:
            dead = await thing.find(session, name, include_deleted=True)
            await session.restore(dead)
        async with self.store.session(context) as session:
            await thing.find(session, name)

    # encryption

    def encrypted(self, thing: Thing) -> list[str]:
        return [thing.attribute(c) for c in thing.mapper.c.values() if thing.is_encrypted(c)]

    async def sealed(self, thing: Thing, attribute: str, name: Any) -> None:
        if name is None:
            raise Untried("there is no row to try it on")
        login = thing.login("update")
        if thing.column(attribute).name not in thing.entity["updatable"]:
            raise Inapplicable("the application may not change it")
        schema = thing.update_schema or thing.create_schema
        value = self.sample(schema, attribute)
        text = value.isoformat() if isinstance(value, dt.date | dt.time) else str(value)
        if len(text) >= SHORTEST_CANARY:
            self.paper.canaries.add(text)
        marked = getattr(thing.model, attribute)
        async with self.store.session(self.contexts[0], login) as session:
            row = await thing.find(session, name)
            await session.conceal(row, marked, value)
        async with self.store.session(self.contexts[0], login) as session:
            row = await thing.find(session, name)
            if await session.reveal(row, marked) != value:
                raise Refuted("it reads back as another value")
            if len(text) >= SHORTEST_CANARY and text in repr(getattr(row, attribute)):
                raise Refuted("its `repr` shows the value")
            raw = await session.scalar(
                sa.select(sa.type_coerce(marked, sa.LargeBinary())).where(self.is_row(thing, row))
            )
            if not isinstance(raw, bytes) or text.encode() in raw:
                raise Refuted("the database holds the value itself")

    def is_row(self, thing: Thing, row: Any) -> Any:
        return sa.and_(*(key == getattr(row, thing.attribute(key)) for key in thing.mapper.primary_key))

    def sample(self, schema: Any, attribute: str) -> Any:
        """A value of the field's type."""
        info = schema.model_fields.get(attribute) if schema else None
        if info is None:
            raise Inapplicable("no schema takes the field")
        marked: Any = Annotated[info.annotation, *info.metadata] if info.metadata else info.annotation
        kind: TypeAdapter[Any] = TypeAdapter(marked)
        texts: tuple[Any, ...] = (
            f"1990-02-{28 - self.number}",
            f"canary{self.number}@example.org",
            f"+1555010099{self.number}",
            f"canary-text-{self.number}",
            f"abc{self.number}",
            f"12{self.number}",
            f"12.{self.number + 1}",
            f"PT{self.number + 5}M",
            f"1990-02-28T1{self.number}:00:00Z",
            f"0000000{self.number}-0000-4000-8000-000000000000",
            "10.0.0.1",
            True,
            7,
            {},
        )
        for text in texts:
            with contextlib.suppress(ValidationError):
                value = kind.validate_json(json.dumps(text))
                if value is not None:
                    return plain(value)
        raise Untried("no value of the field's type is known")

    # services

    async def services(self) -> None:
        plan = self.plan["services"]
        for one in plan["look_ups"]:
            await self.attempt(
                "look-up",
                one["name"],
                "a look-up answers whom to act as, and nobody for an unknown value",
                partial(self.look_up, one),
            )
        for one in plan["redeem"]:
            await self.attempt(
                "token", one["name"], "a token is redeemed once, by whoever holds it", partial(self.redeem, one)
            )
        for one in plan["sign_up"]:
            await self.attempt(
                "sign-up", one["name"], "a row can be made before anyone is known", partial(self.sign_up, one)
            )

    def thing(self, table: str) -> Thing:
        for thing in self.things:
            if thing.table == table:
                return thing
        raise Untried(f"`{table}` is not mapped")

    async def look_up(self, one: Mapping[str, Any]) -> None:
        service = self.package.service(one["name"])
        thing = self.thing(one["table"])
        names = self.planted(thing, 0)
        attribute = thing.attribute_of_column(one["by"])
        if not names or attribute is None:
            raise Untried("there is no row to look up")
        context = self.package.session.Context(tenant=self.contexts[0].tenant)
        name = names[0]
        async with self.store.session(self.contexts[0]) as session:
            known = await session.scalar(
                sa.select(getattr(thing.model, attribute)).where(thing.model.public_id == name)
            )
        if known is None:
            raise Untried("there is no row to look up")
        async with self.store.session(context) as session:
            found = await session.call(service(known))
            if found is None:
                raise Refuted("a living row is not found")
            if thing.named and found.public_id != name:
                raise Refuted("another row is answered")
            actor = self.plan["parties"][0]["actor"]
            if one["actor"] and actor and str(getattr(found, "actor", None)) != actor:
                raise Refuted("it does not answer the actor to act as")
            unknown = secrets.token_bytes(32) if isinstance(known, bytes) else "nobody-" + uuid.uuid4().hex
            if await session.call(service(unknown)) is not None:
                raise Refuted("an unknown value finds somebody")

    async def redeem(self, one: Mapping[str, Any]) -> None:
        service = self.package.service(one["name"])
        thing = self.thing(one["table"])
        attribute = thing.attribute_of_column(one["token"])
        token = self.package.crypto.Token.issue()
        self.paper.canaries.add(token.shown)
        future = dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)
        context = self.contexts[0]
        last: Exception | None = None
        for draft in thing.drafts():
            living = dict(draft)
            for column in (one["expires_at"], one["used_at"]):
                if column:
                    living[column] = None
            if one["expires_at"]:
                living[one["expires_at"]] = future.isoformat()
            try:
                async with self.store.session(context, thing.login("insert")) as session:
                    data = thing.validated(await thing.sent(session, living))
                    row = thing.model()
                    for field, value in data.model_dump(exclude_none=True).items():
                        relation = thing.mapper.relationships.get(field)
                        if relation is None:
                            setattr(row, field, plain(value))
                        elif not relation.uselist:
                            setattr(row, field, await session.get_by_public_id(relation.mapper.class_, value))
                    setattr(row, str(attribute), token.stored)
                    session.add(row)
                    await session.flush()
                    made = row.public_id
                break
            except (self.package.errors.Refused, ValidationError) as error:
                last = error
        else:
            raise last or thing.no_more()
        outside = self.package.session.Context(tenant=context.tenant)
        async with self.store.session(outside) as session:
            if await session.call(service(self.package.crypto.Token.issue().shown)) is not None:
                raise Refuted("an unknown token is redeemed")
            if await session.call(service("…")) is not None:
                raise Refuted("what is no token is redeemed")
            found = await session.call(service(token.shown))
            if found is None:
                raise Refuted("a fresh token is refused")
            if getattr(found, "public_id", made) != made:
                raise Refuted("another row is answered")
            actor = self.plan["parties"][0]["actor"]
            if one["actor"] and actor and str(getattr(found, "actor", None)) != actor:
                raise Refuted("it does not answer the actor to act as")
        async with self.store.session(outside) as session:
            if await session.call(service(token.shown)) is not None:
                raise Refuted("a token is redeemed twice")

    async def sign_up(self, one: Mapping[str, Any]) -> None:
        service = self.package.service(one["name"])
        thing = self.thing(one["table"])
        context = self.package.session.Context(tenant=self.contexts[0].tenant if one["tenant"] else None)
        last: Exception | None = None
        for draft in thing.drafts():
            try:
                async with self.store.session(context) as session:
                    thing.listen(draft)
                    hashes = {name: secrets.token_bytes(32) for name in keywords(service)}
                    made = await session.call(service(thing.validated(await thing.sent(session, draft)), **hashes))
                break
            except (self.package.errors.Refused, ValidationError) as error:
                last = error
        else:
            raise last or thing.no_more()
        if not isinstance(made.public_id, uuid.UUID):
            raise Refuted("it does not answer the public id")
        if not one["actor"]:
            if getattr(made, "actor", None) is not None:
                raise Refuted("whoever founds a tenant is handed somebody's actor")
            return
        if made.actor is None:
            raise Refuted("it does not answer the actor to act as")
        new = self.package.session.Context(actor=made.actor, tenant=context.tenant)
        async with self.store.session(new) as session:
            if (await thing.find(session, made.public_id)).public_id != made.public_id:
                raise Refuted("the new person does not find itself")
        try:
            async with self.store.session(context) as session:
                await session.call(service(thing.validated(await thing.sent(session, draft)), **hashes))
        except self.package.errors.NotUnique:
            return
        if thing.entity["uniques"]:
            raise Refuted("a value that is taken is accepted")

    async def erase(self, one: Mapping[str, Any]) -> str:
        service = self.package.service(one["name"])
        thing = self.thing(one["table"])
        name = uuid.UUID(self.plan["victims"][self.number])
        context = self.newcomers[self.number]
        async with self.store.session(context) as session:
            await thing.find(session, name)
        if self.store.postgres:
            try:
                async with self.store.session(context) as session:
                    await session.call(service(name))
            except self.package.errors.Forbidden:
                pass
            else:
                raise Refuted("the application may erase")
        async with self.store.session(self.system, "eraser") as session:
            if not await session.call(service(name)):
                raise Refuted("it answers that nobody was erased")
        async with self.store.session(context) as session:
            if name in await thing.names(session, include_deleted=True):
                raise Refuted("whoever was erased can still act")
        return "one person"

    async def retention(self, name: str) -> str:
        service = self.package.service(name)
        total = 0
        for _ in range(100):
            async with self.store.session(self.system, "eraser") as session:
                count = await session.call(service())
            if isinstance(count, bool) or not isinstance(count, int):
                raise Refuted("it does not answer how many")
            total += count
            if count == 0:
                return f"{total} rows"
        raise Refuted("it never comes to an end")


def holds_text(kind: Any) -> bool:
    """Whether a column is plain text, and no picture of something else."""
    return type(kind) in (sa.Text, sa.String)


def shaped(info: Any) -> bool:
    """Whether a field of JSON has a declared form."""
    parts = getattr(info.annotation, "__args__", (info.annotation,))
    return any(isinstance(part, type) and issubclass(part, BaseModel) for part in parts)


def keywords(function: Callable[..., Any]) -> list[str]:
    """Arguments that must be given by name: blind indexes of what is encrypted afterwards."""
    found = inspect.signature(function).parameters.values()
    return [one.name for one in found if one.kind is one.KEYWORD_ONLY and one.default is one.empty]


def same(found: Any, wanted: Any) -> bool:
    """Whether a value was kept; of shapes as JSON."""
    if isinstance(found, float) and isinstance(wanted, float | int):
        return abs(found - wanted) < 1e-6
    return bool(found == wanted) or bool(found == to_jsonable_python(wanted))


def secret(schema: type[BaseModel], field: str) -> Any:
    if "SecretStr" in str(schema.model_fields[field].annotation):
        return SecretStr("canary-secret")
    return None


def is_id(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True


# ── the whole package ────────────────────────────────────────────────────────


def modules(name: str) -> int:
    """Imports every module; answers how many."""
    top = importlib.import_module(name)
    found = [one.name for one in pkgutil.walk_packages(top.__path__, f"{name}.") if ".migrations" not in one.name]
    for one in found:
        importlib.import_module(one)
    return len(found) + 1


def differences(package: Package, plan: Mapping[str, Any], store: Store) -> list[str]:
    """What the framework itself says that the models and the database do not share."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    sqlite = plan["dialect"] == "sqlite"
    project = package.project
    own = (f"{project.PRIVATE}_", f"{project.AUDIT}_")
    tables = {table.name for table in package.base.metadata.tables.values()}
    partitions = tuple(
        f"{table.name}_"
        for table in package.base.metadata.tables.values()
        if table.dialect_options["postgresql"].get("partition_by")
    )

    def known(name: str | None, kind: str, parents: Any) -> bool:
        if kind == "schema":
            return name == (None if sqlite else project.SCHEMA)
        if kind != "table" or name is None or name in tables:
            return name not in project.OWN_SQL or name in tables
        others = own if sqlite else ("alembic_version", *partitions)
        return name not in project.OWN_SQL and not name.startswith(others)

    engine = package.session.create_engine(store.url("migrator", DRIVERS[plan["dialect"]][1]))
    with engine.connect() as connection:
        options = {
            "compare_type": True,
            "compare_server_default": not sqlite,
            "include_schemas": not sqlite,
            "include_name": known,
        }
        context = MigrationContext.configure(connection, opts=options)
        found = compare_metadata(context, package.migrations.target(package.base.metadata, sqlite=sqlite))
    engine.dispose()
    return [difference(one) for one in found]


def difference(one: Any) -> str:
    if isinstance(one, list):
        return "; ".join(difference(part) for part in one)
    return " ".join(
        str(getattr(part, "name", part)) for part in one if part is not None and not isinstance(part, dict)
    )[:200]


async def main() -> None:
    paper = Paper()
    plan = json.load(sys.stdin)
    ears = Ears()
    logging.getLogger().addHandler(ears)
    logging.getLogger().setLevel(logging.DEBUG)
    logging.getLogger("sqlalchemy").setLevel(logging.WARNING)
    logging.getLogger("sqlalchemy.engine").setLevel(logging.INFO)
    logging.getLogger("asyncio").setLevel(logging.WARNING)
    started = time.monotonic()
    sys.path.insert(0, plan["folder"])
    name = plan["package"]

    async def imports() -> str:
        return f"{modules(name)} modules"

    async def mappers() -> str:
        orm.configure_mappers()
        return f"{len(list(Package(name).base.registry.mappers))} classes"

    imported = await paper.attempt("import", name, "every module can be imported", "", imports)
    mapped = imported and await paper.attempt("mappers", name, "all mappers can be configured", "", mappers)
    if mapped:
        package = Package(name)
        drivers = DRIVERS[plan["dialect"]]

        async def compare() -> None:
            found = differences(package, plan, Store(package, plan, drivers[1], paper))
            if found:
                more = f"; and {len(found) - 8} more" if len(found) > 8 else ""
                raise Refuted(f"{len(found)} differences: " + "; ".join(found[:8]) + more)

        await paper.attempt(
            "metadata", name, "the framework finds no difference between models and database", "", compare
        )
        trials = [Trial(package, plan, driver, paper) for driver in drivers]
        for trial in trials:
            await trial.run()
        for trial in trials:
            await trial.end()

        async def quiet() -> str:
            said_aloud = "\n".join(ears.heard)
            for canary in paper.canaries:
                if canary in said_aloud:
                    line = next(one for one in ears.heard if canary in one)
                    raise Refuted(f"the log `{line.partition(':')[0]}` holds a personal or secret value")
            return f"{len(ears.heard)} lines, {len(paper.canaries)} values"

        await paper.attempt("logs", name, "no log holds a personal or secret value", "", quiet)
    print(f"{time.monotonic() - started:.1f} s", file=sys.stderr)
    paper.finish()


if __name__ == "__main__":
    asyncio.run(main())
