"""The environment of the migrations: any driver of the project, `async` or not, and scripts (`--sql`).

Made by architrave. The same for every project but for the name of its package.
"""

from __future__ import annotations

import asyncio
import os
from logging.config import fileConfig
from typing import Any

import sqlalchemy as sa
from alembic import context

from app.core import session
from app.core.migrations import ASIDE, target
from app.core.project import AUDIT, OWN_SQL, PRIVATE, SCHEMA
from app.models import Base

if context.config.config_file_name is not None:
    fileConfig(context.config.config_file_name, disable_existing_loggers=False)

URL = sa.make_url(os.environ["DATABASE_URL"])
SQLITE = URL.get_backend_name() == "sqlite"
METADATA = target(Base.metadata, sqlite=SQLITE)
TABLES = {table.name for table in METADATA.tables.values()}
#: What the names of partitions begin with.
PARTITIONS = tuple(f"{t.name}_" for t in METADATA.tables.values() if t.dialect_options["postgresql"]["partition_by"])


def known(name: str | None, kind: str, parents: Any) -> bool:
    """What the models speak of: keys, context, audit trail and partitions are the database's own."""
    if kind == "schema":
        return name == (None if SQLITE else SCHEMA)
    if kind != "table" or name is None or name in TABLES or name in OWN_SQL:
        return name not in OWN_SQL or name in TABLES
    return not name.startswith((f"{PRIVATE}_", f"{AUDIT}_", ASIDE) if SQLITE else PARTITIONS)


OPTIONS: dict[str, Any] = {
    "target_metadata": METADATA,
    "compare_type": True,
    "compare_server_default": not SQLITE,
    "include_schemas": not SQLITE,
    "include_name": known,
    "version_table_schema": None if SQLITE else PRIVATE,
    "transaction_per_migration": True,
}


def offline() -> None:
    context.configure(url=URL, literal_binds=True, dialect_opts={"paramstyle": "named"}, **OPTIONS)
    with context.begin_transaction():
        context.run_migrations()


def online(connection: sa.Connection) -> None:
    context.configure(connection=connection, **OPTIONS)
    with context.begin_transaction():
        context.run_migrations()


async def online_async() -> None:
    engine = session.create_async_engine(URL, poolclass=sa.NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(online)
    await engine.dispose()


if context.is_offline_mode():
    offline()
elif URL.get_dialect().is_async:
    asyncio.run(online_async())
else:
    with session.create_engine(URL, poolclass=sa.NullPool).connect() as connection:
        online(connection)
