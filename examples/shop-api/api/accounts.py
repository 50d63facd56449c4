"""Accounts: sign up, log in, forget the password, see and erase what is kept."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Response
from pydantic import AfterValidator, Field, SecretStr
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from shop.core.crypto import Token
from shop.core.database import reading
from shop.core.errors import NotUnique
from shop.core.schemas import Email, Text, Write
from shop.core.session import AsyncSession, Context
from shop.models import Order, OrderLine, PasswordReset, User, services
from shop.schemas import OrderLineRead, OrderRead, UserCreate, UserRead, UserUpdate

from .context import Anyone, Shop, Somebody, TheShop
from .security import LIFETIME, Login, hash_password, verify_password

router = APIRouter()


def writable(secret: SecretStr) -> SecretStr:
    if any("\ud800" <= letter <= "\udfff" for letter in secret.get_secret_value()):
        raise ValueError("half a letter cannot be written")
    return secret


Known = Annotated[SecretStr, Field(max_length=200), AfterValidator(writable)]
Password = Annotated[Known, Field(min_length=12)]


class SignUp(UserCreate):
    password: Password


class Forgotten(Write):
    email: Email


class Redemption(Write):
    token: Annotated[Text, Field(max_length=100)]
    password: Password


class Confirmation(Write):
    password: Known


class Credentials(Forgotten, Confirmation):
    pass


async def hashed(password: SecretStr) -> SecretStr:
    return SecretStr(await run_in_threadpool(hash_password, password.get_secret_value()))


@router.post("/accounts", status_code=202)
async def sign_up(data: SignUp, session: Anyone) -> dict[str, str]:
    """Answers the same when there is such an account already."""
    data = data.model_copy(update={"password": await hashed(data.password)})
    try:
        async with session.begin_nested():
            await session.call(services.sign_up_user(data))
    except NotUnique:
        await session.record_event("sign_up_refused")
    return {"status": "accepted"}


async def prove(session: AsyncSession, email: str, password: SecretStr) -> services.FoundUser | None:
    found = await session.call(services.find_user_by_email(email))
    stored = found.password if found else None
    right = await run_in_threadpool(verify_password, password.get_secret_value(), stored)
    return found if right else None


@router.post("/login")
async def log_in(data: Credentials, session: Anyone, shop: TheShop, response: Response) -> dict[str, Any]:
    found = await prove(session, data.email, data.password)
    if found is None:
        await session.record_event("login_failed")
        response.status_code = 401  # not raised: the event is to be kept
        return {"error": "unauthorized"}
    await session.enter(Context(actor=found.actor))
    user = await session.get_by_public_id(User, found.public_id)
    await session.record_event("login", user)
    token = Login(found.actor, user.public_id, user.version).sign(shop.login_key)
    return {"access_token": token, "token_type": "bearer", "expires_in": LIFETIME}


@router.post("/password-resets", status_code=202)
async def forget(data: Forgotten, shop: TheShop) -> dict[str, str]:
    """Answers at once, and the same, whether there is such an account or not."""
    shop.later(send_reset(shop, data.email))
    return {"status": "accepted"}


async def send_reset(shop: Shop, email: str) -> None:
    token = Token.issue()
    async with shop.act() as session:
        found = await session.call(services.find_user_by_email(email))
        if found is not None:
            await session.enter(Context(actor=found.actor))
            expires = dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)
            session.add(PasswordReset(token=token.stored, expires_at=expires))
        await session.record_event("password_reset_asked", detail={"known": found is not None})
    if found is not None and shop.settings.outbox is not None:
        path = shop.settings.outbox / f"{found.public_id}.mail"  # a mailer's place
        await asyncio.to_thread(path.write_text, f"{token.shown}\n", "utf-8")


@router.post("/password-resets/redeem")
async def redeem(data: Redemption, session: Anyone, response: Response) -> dict[str, str]:
    found = await session.call(services.redeem_password_reset(data.token))
    if found is None:  # `token_refused` is recorded by the database
        response.status_code = 400
        return {"error": "bad_token"}
    await session.enter(Context(actor=found.actor))
    user = await session.get_by_public_id(User, found.owner)
    await session.update(user, UserUpdate(password=await hashed(data.password)))
    await session.execute(sa.delete(PasswordReset).where(PasswordReset.user_id == user.id))
    await session.record_event("password_changed", user)
    return {"status": "changed"}


@router.get("/me")
async def me(acting: Somebody) -> UserRead:
    return UserRead.model_validate(acting.user)


@router.get("/me/data")
async def my_data(acting: Somebody) -> dict[str, Any]:
    """Everything that is kept of somebody, in the form in which it is shown."""
    orders = await acting.session.scalars(sa.select(Order).options(*reading(Order)).order_by(Order.id))
    lines = await acting.session.scalars(sa.select(OrderLine).options(*reading(OrderLine)).order_by(OrderLine.id))
    await acting.session.record_event("data_exported", acting.user)
    return {
        "user": UserRead.model_validate(acting.user),
        "orders": [OrderRead.model_validate(order) for order in orders],
        "lines": [OrderLineRead.model_validate(line) for line in lines],
    }


@router.post("/me/erase")
async def erase(data: Confirmation, acting: Somebody, shop: TheShop) -> Response:
    """Another role may erase: the application itself cannot."""
    if await prove(acting.session, acting.user.email, data.password) is None:
        await acting.session.record_event("erasure_refused", acting.user)
        return Response('{"error":"forbidden"}', 403, media_type="application/json")
    await acting.session.commit()
    async with shop.act(Context(actor=acting.login.actor), shop.eraser) as session:
        if not await session.call(services.erase_user(acting.login.user)):
            raise HTTPException(409)
    return Response(status_code=204)
