"""A real server on each database, and people who send it real requests."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sqlite3
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from shop.core.session import AsyncSession, create_async_engine
from shop.models import Category, Product
from shop.schemas import CategoryCreate, ProductCreate

ROOT = Path(__file__).parent.parent
SECRET = "5ec2e7" * 11
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"all": {"()": "tests.logs.Everything"}},
    "handlers": {"all": {"class": "logging.StreamHandler", "formatter": "all"}},
    "root": {"level": "DEBUG", "handlers": ["all"]},
    "loggers": {name: {"level": "DEBUG", "propagate": True} for name in ("uvicorn", "sqlalchemy", "shop")},
}


@dataclass
class Person:
    """Somebody with an account, or without one."""

    http: httpx.Client
    email: str = ""
    password: str = ""
    id: str = ""
    token: str = ""

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.token:
            sent.setdefault("Authorization", f"Bearer {self.token}")
        if body is None:
            return self.http.request(method, path, headers=sent)
        sent["Content-Type"] = "application/json"
        return self.http.request(method, path, content=json.dumps(body), headers=sent)  # lone surrogates and all

    def get(self, path: str) -> httpx.Response:
        return self.send("GET", path)

    def order(self) -> dict[str, Any]:
        made: dict[str, Any] = good(self.send("POST", "/orders"), 201)
        return made

    def add(self, order: str, product: str, version: int, quantity: int = 1) -> httpx.Response:
        sent = {"product": product, "quantity": quantity}
        return self.send("POST", f"/orders/{order}/lines", sent, If_Match=f'"{version}"')

    def move(self, order: str, move: str, version: int) -> httpx.Response:
        return self.send("POST", f"/orders/{order}/{move}", If_Match=f'"{version}"')

    def log_in(self, password: str | None = None) -> httpx.Response:
        answer = self.http.post("/login", json={"email": self.email, "password": password or self.password})
        if answer.status_code == 200:
            self.token = answer.json()["access_token"]
        return answer


def good(answer: httpx.Response, status: int = 200) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json() if answer.content else None


@dataclass
class Server:
    """A server, its database, what it logs, and the mail that it sends."""

    kind: str
    folder: Path
    url: str = ""
    seen: list[str] = field(default_factory=list)
    _clients: list[httpx.Client] = field(default_factory=list)

    def database(self, role: str) -> str:
        if self.kind == "sqlite":
            return f"sqlite+aiosqlite:///{self.folder}/shop.db"
        return f"postgresql+asyncpg://shop_login_{role}@/shop?host={os.environ['PGSOCKET']}"

    def start(self) -> subprocess.Popen[bytes]:
        if self.kind == "sqlite":
            with sqlite3.connect(self.folder / "shop.db") as made:
                made.executescript((ROOT / "sql/sqlite/schema.sql").read_text())
            made.close()
        (self.folder / "outbox").mkdir()
        (self.folder / "log.json").write_text(json.dumps(LOGGING))
        environment = {
            **os.environ,
            "DATABASE_URL": self.database("app"),
            "ERASER_URL": self.database("eraser"),
            "SHOP_SECRET": SECRET,
            "SHOP_OUTBOX": str(self.folder / "outbox"),
        }
        command = [sys.executable, "-m", "uvicorn", "--factory", "api.main:create_app", "--host", "127.0.0.1"]
        command += ["--port", "0", "--no-server-header", "--log-config", str(self.folder / "log.json")]
        with open(self.folder / "log", "wb") as log:
            running = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)  # noqa: S603
        for _ in range(600):
            if found := re.search(r"http://127\.0\.0\.1:[1-9]\d*", self.log()):
                self.url = found[0]
                return running
            assert running.poll() is None, self.log()
            time.sleep(0.1)
        raise TimeoutError(self.log())

    def stop(self, running: subprocess.Popen[bytes]) -> None:
        for client in self._clients:
            client.close()
        running.terminate()
        running.wait(30)

    def log(self) -> str:
        return (self.folder / "log").read_text()

    def stranger(self) -> Person:
        self._clients.append(httpx.Client(base_url=self.url, timeout=60))
        return Person(self._clients[-1])

    def person(self, name: str = "person") -> Person:
        who = self.stranger()
        who.email, who.password = f"{name}-canary-{uuid.uuid4().hex}@example.org", f"canary-{uuid.uuid4().hex}"
        self.seen += [who.email, who.password]
        sent = {"email": who.email, "password": who.password, "full_name": "Canary Fullname"}
        good(who.http.post("/accounts", json=sent), 202)
        good(who.log_in())
        self.seen.append(who.token)
        who.id = good(who.get("/me"))["id"]
        return who

    def mail(self, who: Person, *, after: str = "") -> str:
        """The token that was sent to somebody; not the one that was sent before."""
        path = self.folder / "outbox" / f"{who.id}.mail"
        for _ in range(300):
            if path.exists() and (token := path.read_text().strip()) not in ("", after):
                self.seen.append(token)
                return token
            time.sleep(0.02)
        raise TimeoutError("no mail")

    def stock(self, name: str, price: str = "9.90", category: uuid.UUID | None = None) -> str:
        """Something new in the catalogue, put there by staff."""

        async def work(session: AsyncSession) -> str:
            sent = ProductCreate(sku=uuid.uuid4().hex, name=name, price=Decimal(price), category=category)
            return str((await session.create(Product, sent)).public_id)

        made: str = self.run("merchandiser", work)
        return made

    def shelf(self, name: str) -> uuid.UUID:
        async def work(session: AsyncSession) -> uuid.UUID:
            return (await session.create(Category, CategoryCreate(name=name))).public_id

        made: uuid.UUID = self.run("merchandiser", work)
        return made

    def events(self) -> list[tuple[str, Any]]:
        table = "shop_audit_events" if self.kind == "sqlite" else "shop_audit.events"

        async def work(session: AsyncSession) -> list[tuple[str, Any]]:
            rows = await session.execute(sa.text(f"SELECT kind, detail FROM {table} ORDER BY id"))  # noqa: S608
            return [(row[0], row[1]) for row in rows]

        found: list[tuple[str, Any]] = self.run("auditor", work)
        return found

    def run(self, role: str, work: Any) -> Any:
        async def inside() -> Any:
            engine = create_async_engine(self.database(role))
            async with AsyncSession(engine) as session, session.begin():
                done = await work(session)
            await engine.dispose()
            return done

        return asyncio.run(inside())


@pytest.fixture(scope="session", params=["postgres", "sqlite"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    if request.param == "postgres" and "PGSOCKET" not in os.environ:
        pytest.fail("there is no PostgreSQL: run ./test")
    server = Server(request.param, tmp_path_factory.mktemp(request.param))
    running = server.start()
    yield server
    server.stop(running)


@pytest.fixture(scope="session")
def ada(server: Server) -> Person:
    return server.person("ada")


@pytest.fixture(scope="session")
def eve(server: Server) -> Person:
    return server.person("eve")


@pytest.fixture(scope="session")
def tea(server: Server) -> str:
    return server.stock("Tea", "9.90")
