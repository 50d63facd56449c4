"""What a generated finder costs, against the `select` that somebody would write by hand for it.

    python finders.py PLAN.json

The plan names a folder with the generated package, and for each driver the address of a database that its schema was built in. Both
sides use the same models and are compared row by row before they are timed. They take turns in blocks; what counts is the median of
the blocks' ratios. *Statement* is the call alone, inside of a transaction that was told already who acts; *transaction* is begin, tell,
call, commit, for which the hand-written session tells the same. *Untold* tells nothing by hand, which only rows for everyone allow.
"""

from __future__ import annotations

import asyncio
import base64
import importlib
import json
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event, orm
from sqlalchemy.ext import asyncio as sa_async
from stats import interval, line, median

PLAN = json.loads(Path(sys.argv[1]).read_text())
sys.path.insert(0, PLAN["folder"])

models = importlib.import_module(f"{PLAN['package']}.models")
services = importlib.import_module(f"{PLAN['package']}.models.services")
schemas = importlib.import_module(f"{PLAN['package']}.schemas")
ours = importlib.import_module(f"{PLAN['package']}.core.session")

ROWS, USERS, BLOCKS, CALLS = PLAN["rows"], 20, 40, 10
Order, Product, Shelf, User, State = models.Order, models.Product, models.Shelf, models.User, models.State


@dataclass
class Facts:
    """What was loaded, and who asks."""

    actor: Any
    user: Any
    email: str
    cursor: str = ""
    last: tuple[Any, ...] = ()


# ── rows ─────────────────────────────────────────────────────────────────────


def load(url: str) -> Facts:
    """Products, and orders of several customers; by the application's own rights."""
    engine = ours.create_engine(url)
    lite = engine.dialect.name == "sqlite"
    count = "WITH RECURSIVE s(g) AS (SELECT 1 UNION ALL SELECT g + 1 FROM s WHERE g < {0}) SELECT {1} FROM s WHERE true"
    series = count if lite else "SELECT {1} FROM generate_series(1, {0}) AS s(g)"
    schema, scale = ("", 10_000) if lite else ("figures.", 1)
    people = []
    with ours.Session(engine) as session, session.begin():
        for number in range(USERS):
            data = schemas.UserCreate(email=f"u{number}@x.example", password="$argon2id$v=19$x")
            people.append((session.call(services.sign_up_user(data)), data.email))
    with ours.Session(engine, context=ours.Context(actor=people[0][0].actor)) as session, session.begin():
        session.add(Shelf(name="first"))
        session.flush()
        shelf = f"(SELECT min(id) FROM {schema}{Shelf.__tablename__})"
        what = f"'sku-' || g, 'Product ' || g, {shelf}, (g % 1000) * {scale}"
        products = f"INSERT INTO {schema}products (sku, name, shelf_id, price) {series.format(ROWS, what)}"
        session.connection().execute(sa.text(products))
    for person, _ in people:
        with ours.Session(engine, context=ours.Context(actor=person.actor)) as session, session.begin():
            what = f"(SELECT min(id) FROM {schema}products), (g % 997) * {scale}"
            orders = f"INSERT INTO {schema}orders (product_id, total) {series.format(ROWS // USERS, what)}"
            session.connection().execute(sa.text(orders))
    person, email = people[3]
    with ours.Session(engine, context=ours.Context(actor=person.actor)) as session, session.begin():
        user = session.scalars(sa.select(User).where(User.public_id == person.public_id)).one()
    engine.dispose()
    return Facts(actor=person.actor, user=user, email=email)


def analyse(url: str) -> None:
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql("ANALYZE" if "sqlite" in url else "VACUUM ANALYZE")
    engine.dispose()


def walk(session: Any, facts: Facts) -> None:
    """Pages up to the middle of somebody's orders: what follows begins there."""
    page = session.page(Order.mine(facts.user, State.OPEN), size=50)
    for _ in range(ROWS // USERS // 100 - 1):
        page = session.page(Order.mine(facts.user, State.OPEN), after=page.next, size=50)
    facts.cursor, facts.last = page.next, (page.items[-1].total, page.items[-1].public_id)


# ── by hand ──────────────────────────────────────────────────────────────────


class ByHand(orm.Session):
    """A session that tells who acts, as somebody would write it."""

    actor: Any = None


@event.listens_for(ByHand, "after_begin")
def _tell(session: ByHand, transaction: Any, connection: sa.Connection) -> None:
    if connection.dialect.name == "sqlite":
        connection.info["context"] = True  # the engine leaves the context before COMMIT
        connection.exec_driver_sql(ours._ENTER, {"actor": str(session.actor), "tenant": None}).one()
    else:
        connection.execute(sa.text("SELECT set_config('app.actor', :actor, true)"), {"actor": str(session.actor)})


class ByHandAsync(sa_async.AsyncSession):
    sync_session_class = ByHand


def shown(*relations: Any) -> list[Any]:
    return [orm.joinedload(one).load_only(one.property.mapper.class_.public_id, raiseload=True) for one in relations]


def by_sku(facts: Facts) -> sa.Select[Any]:
    return (
        sa.select(Product)
        .where(Product.sku == f"sku-{ROWS // 2}", Product.deleted_at.is_(None))
        .limit(1)
        .options(*shown(Product.shelf))
    )


def own_orders(facts: Facts) -> sa.Select[Any]:
    wanted = (Order.customer_id == facts.user.id, Order.state == State.OPEN, Order.deleted_at.is_(None))
    return sa.select(Order).where(*wanted).options(*shown(Order.customer, Order.product))


def mine(facts: Facts) -> sa.Select[Any]:
    return own_orders(facts).order_by(Order.total.desc()).limit(50)


def paged(facts: Facts) -> sa.Select[Any]:
    total, name = facts.last
    beyond = sa.or_(Order.total < total, sa.and_(Order.total == total, Order.public_id > name))
    return own_orders(facts).where(Order.total <= total, beyond).order_by(Order.total.desc(), Order.public_id).limit(51)


def of_address(facts: Facts) -> sa.Select[Any]:
    wanted = (User.email == facts.email, Order.total >= Decimal(500), Order.customer_id == facts.user.id)
    alive = (Order.deleted_at.is_(None), User.deleted_at.is_(None))
    statement = sa.select(Order).join(Order.customer).where(*wanted, *alive).order_by(Order.total).limit(50)
    return statement.options(
        orm.contains_eager(Order.customer).load_only(User.public_id, raiseload=True), *shown(Order.product)
    )


# ── generated, and beside it by hand ─────────────────────────────────────────


@dataclass
class Case:
    """One thing to find: both ways to ask, given a session that answers rows."""

    name: str
    query: Callable[[Facts], Any]
    select: Callable[[Facts], sa.Select[Any]]
    pages: bool = False
    for_everyone: bool = False


CASES = [
    Case("one row by a unique value", lambda f: Product.by_sku(f"sku-{ROWS // 2}"), by_sku, for_everyone=True),
    Case("50 rows of the owner, in order", lambda f: Order.mine(f.user, State.OPEN), mine),
    Case("50 rows behind a cursor amid 5,000", lambda f: Order.mine(f.user, State.OPEN), paged, pages=True),
    Case("50 rows by what is joined", lambda f: Order.of_address(f.email, Decimal(500)), of_address),
]


def cursor_by_hand(rows: list[Any]) -> str:
    """A cursor that is not sealed."""
    return base64.urlsafe_b64encode(json.dumps([str(rows[-1].total), str(rows[-1].public_id)]).encode()).decode()


def generated(session: Any, case: Case, facts: Facts) -> Any:
    query = case.query(facts)
    return session.page(query, after=facts.cursor or None, size=50) if case.pages else session.all(query)


def by_hand(session: Any, case: Case, facts: Facts) -> Any:
    if not case.pages:
        return session.scalars(case.select(facts)).all()
    rows = session.scalars(case.select(facts)).all()
    return rows[:50], cursor_by_hand(rows[:50]) if len(rows) > 50 else None


async def by_hand_async(session: Any, case: Case, facts: Facts) -> Any:
    rows = (await session.scalars(case.select(facts))).all()
    if not case.pages:
        return rows
    return rows[:50], cursor_by_hand(rows[:50]) if len(rows) > 50 else None


def keys(answer: Any) -> list[Any]:
    """What was found, whichever way it was asked for: the rows as they are shown."""
    rows = answer[0] if isinstance(answer, tuple) else getattr(answer, "items", answer)
    return [row.to_dict_secure() for row in rows]


# ── timing ───────────────────────────────────────────────────────────────────


class Plain(orm.Session):
    """Tells nothing."""


class PlainAsync(sa_async.AsyncSession):
    sync_session_class = Plain


def sync_work(engine: Any, facts: Facts) -> dict[str, Callable[[], Any]]:
    def told() -> ByHand:
        session = ByHand(engine)
        session.actor = facts.actor
        return session

    context = ours.Context(actor=facts.actor)
    return {"generated": lambda: ours.Session(engine, context=context), "told": told, "untold": lambda: Plain(engine)}


def async_work(engine: Any, facts: Facts) -> dict[str, Callable[[], Any]]:
    def told() -> ByHandAsync:
        session = ByHandAsync(engine)
        session.sync_session.actor = facts.actor
        return session

    context = ours.Context(actor=facts.actor)
    return {
        "generated": lambda: ours.AsyncSession(engine, context=context),
        "told": told,
        "untold": lambda: PlainAsync(engine),
    }


async def awaited(value: Any) -> Any:
    return await value if isinstance(value, Awaitable) else value


async def statements(
    sessions: dict[str, Callable[[], Any]], case: Case, facts: Facts, asynchronous: bool
) -> list[tuple[float, float]]:
    """The calls alone. The transactions follow each other: SQLite has one writer, and each tells who acts by writing."""
    hand = by_hand_async if asynchronous else by_hand
    taken = []
    for block in range(BLOCKS + 1):
        both = {}
        for name, call in sorted([("generated", generated), ("told", hand)], reverse=block % 2 == 1):
            session = sessions[name]()
            await awaited(session.connection())
            await awaited(call(session, case, facts))
            times = []
            for _ in range(CALLS):
                session.expunge_all()
                start = time.perf_counter()
                found = call(session, case, facts)
                if asynchronous:
                    found = await found
                times.append(time.perf_counter() - start)
            both[name] = median(times)
            await awaited(session.rollback())
            await awaited(session.close())
        if block:
            taken.append((both["generated"], both["told"]))
    return taken


async def transactions(
    sessions: dict[str, Callable[[], Any]], case: Case, facts: Facts, asynchronous: bool, other: str
) -> list[tuple[float, float]]:
    """Begin, tell, call, commit."""
    hand = by_hand_async if asynchronous else by_hand
    taken = []
    for block in range(BLOCKS + 1):
        both = {}
        for name, call in sorted([("generated", generated), (other, hand)], reverse=block % 2 == 1):
            times = []
            for _ in range(CALLS):
                start = time.perf_counter()
                session = sessions[name]()
                if asynchronous:
                    await call(session, case, facts)
                    await session.commit()
                    await session.close()
                else:
                    call(session, case, facts)
                    session.commit()
                    session.close()
                times.append(time.perf_counter() - start)
            both[name] = median(times)
        if block:
            taken.append((both["generated"], both[other]))
    return taken


def told(case: Case, what: str, taken: list[tuple[float, float]], promise: str = "") -> None:
    us = [median([pair[side] for pair in taken]) * 1e6 for side in (0, 1)]
    line(
        f"{case.name}: {what}",
        interval([a / b for a, b in taken]),
        f"{us[0]:.0f} µs, by hand {us[1]:.0f} µs   {promise}",
    )


@contextmanager
def heard(engine: Any) -> Iterator[list[tuple[str, Any]]]:
    """The statements of an engine, with their parameters."""
    found: list[tuple[str, Any]] = []

    def hear(connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
        found.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", hear)
    yield found
    event.remove(engine, "before_cursor_execute", hear)


def explain(engine: Any, facts: Facts) -> None:
    """By which way the database finds what a finder asks for, and how many statements it takes."""
    lite = engine.dialect.name == "sqlite"
    for case in CASES:
        with ours.Session(engine, context=ours.Context(actor=facts.actor)) as session, session.begin():
            session.connection()
            with heard(engine) as statements:
                generated(session, case, facts)
            (statement, parameters), asked = statements[-1], len(statements)
            rows = (
                session.connection()
                .exec_driver_sql(("EXPLAIN QUERY PLAN " if lite else "EXPLAIN ") + statement, parameters)
                .all()
            )
        steps = [row[-1].strip() for row in rows]
        words = ("SCAN", "SEARCH", "TEMP") if lite else ("Scan", "Sort")
        told = " · ".join(step.split("  (")[0].lstrip("-> ") for step in steps if any(word in step for word in words))
        line(case.name, f"{asked} statement", told)


async def main() -> None:
    for group in PLAN["databases"]:
        facts = load(group["drivers"][0])
        analyse(group["owner"])
        print(f"  {group['name']}, {ROWS} products and {ROWS} orders of {USERS} customers")
        engine = ours.create_engine(group["drivers"][0])
        with ours.Session(engine, context=ours.Context(actor=facts.actor)) as session, session.begin():
            walk(session, facts)
        explain(engine, facts)
        engine.dispose()
        for url in group["drivers"]:
            await driver(url, facts)


async def driver(url: str, facts: Facts) -> None:
    asynchronous = any(name in url for name in ("asyncpg", "aiosqlite"))
    engine: Any = ours.create_async_engine(url) if asynchronous else ours.create_engine(url)
    sessions = (async_work if asynchronous else sync_work)(engine, facts)
    print(f"  {url.partition(':')[0].partition('+')[2] or 'sqlite3'}")
    for case in CASES:
        await same(sessions, case, facts, asynchronous)
        told(case, "statement", await statements(sessions, case, facts, asynchronous), "≤ 1.10")
        told(case, "transaction", await transactions(sessions, case, facts, asynchronous, "told"))
        if case.for_everyone:
            told(case, "transaction, by hand untold", await transactions(sessions, case, facts, asynchronous, "untold"))
    await awaited(engine.dispose())


async def same(sessions: dict[str, Callable[[], Any]], case: Case, facts: Facts, asynchronous: bool) -> None:
    """Both ways find the same rows, and some."""
    found = []
    for name, call in (("generated", generated), ("told", by_hand_async if asynchronous else by_hand)):
        session = sessions[name]()
        found.append(keys(await awaited(call(session, case, facts))))
        await awaited(session.close())
    if found[0] != found[1] or not found[0]:
        raise SystemExit(f"{case.name}: {len(found[0])} and {len(found[1])} rows, which are not the same")


asyncio.run(main())
