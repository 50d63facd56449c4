"""Who asks: every request is one transaction that acts for somebody, and is committed before the answer leaves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.exceptions import HTTPException

from shop.core.errors import Forbidden, NotFound
from shop.core.logging import log_security_event
from shop.core.session import NOBODY, AsyncSession, Context, create_async_engine
from shop.models import User

from .security import Login
from .settings import Settings


class Shop:
    """What the application holds as long as it runs."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.login_key = settings.key("login")
        self._keys = settings.keys()
        self.app: AsyncEngine = create_async_engine(settings.database)
        self.eraser: AsyncEngine = create_async_engine(settings.eraser)
        self._later: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def act(self, context: Context = NOBODY, engine: AsyncEngine | None = None) -> AsyncIterator[AsyncSession]:
        async with AsyncSession(engine or self.app, context=context, keys=self._keys) as session, session.begin():
            yield session

    def later(self, work: Coroutine[Any, Any, None]) -> None:
        """Does what the time of an answer must not tell."""
        task = asyncio.create_task(work)
        self._later.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._later.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log_security_event("task_failed", detail={"kind": type(error).__name__.lower()})

    async def close(self) -> None:
        await asyncio.gather(*self._later, return_exceptions=True)
        await self.app.dispose()
        await self.eraser.dispose()


def shop_of(request: Request) -> Shop:
    shop: Shop = request.app.state.shop
    return shop


TheShop = Annotated[Shop, Depends(shop_of)]
Bearer = Annotated[HTTPAuthorizationCredentials | None, Depends(HTTPBearer(auto_error=False))]


async def anyone(shop: TheShop) -> AsyncIterator[AsyncSession]:
    async with shop.act() as session:
        yield session


@dataclass(frozen=True)
class Acting:
    """Somebody who is logged in, in their transaction."""

    session: AsyncSession = field(repr=False)
    user: User
    login: Login


async def somebody(request: Request, shop: TheShop, bearer: Bearer) -> AsyncIterator[Acting]:
    login = Login.read(shop.login_key, bearer.credentials) if bearer else None
    if login is None:
        raise HTTPException(401)
    request.state.actor = login.actor
    async with shop.act(Context(actor=login.actor)) as session:
        try:
            user = await session.get_by_public_id(User, login.user)
        except (NotFound, Forbidden):  # the latter where SQLite knows no such actor
            raise HTTPException(401) from None
        if user.version != login.version:
            raise HTTPException(401)
        yield Acting(session, user, login)


Anyone = Annotated[AsyncSession, Depends(anyone, scope="function")]
Somebody = Annotated[Acting, Depends(somebody, scope="function")]
