"""The application: `uvicorn --factory api.main:create_app`."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from shop.core.errors import BadReference, Busy, Forbidden, Invalid, NotFound, NotUnique, Refused, Stale
from shop.core.logging import log_security_event
from shop.core.paging import BadCursor

from . import accounts, orders
from .context import Shop
from .settings import Settings

BIGGEST = 64 * 1024
#: What becomes of a refusal of the database; a move that the state does not know is a conflict.
STATUS = {NotFound: 404, NotUnique: 409, Invalid: 422, BadReference: 422, Stale: 412, Forbidden: 403, Busy: 503}
# fmt: off
WORDS = {
    400: "bad_request", 401: "unauthorized", 403: "forbidden", 404: "not_found", 405: "not_allowed", 409: "conflict",
    411: "length_required", 412: "stale", 413: "too_large", 422: "invalid", 428: "if_match_required", 503: "busy",
}
# fmt: on


def said(status: int, **more: object) -> JSONResponse:
    """What went wrong, in a word; never a value."""
    return JSONResponse({"error": WORDS.get(status, "internal"), **more}, status)


async def refused(request: Request, error: Exception) -> Response:
    """What the database refused, by the generated classes: which field, which rule."""
    assert isinstance(error, Refused)  # noqa: S101  # what it is registered for
    status = 409 if error.rule == "transition" else STATUS.get(type(error), 409)
    actor = getattr(request.state, "actor", None)
    detail = {"status": status, "rule": error.rule or "none"}
    log_security_event("refused", actor=actor, entity=error.table, detail=detail)
    return said(status, fields=error.fields) if status in (409, 422) else said(status)


async def unreadable(request: Request, error: Exception) -> Response:
    """A path that names nothing is one that is not there; of all else, the names of declared fields."""
    assert isinstance(error, RequestValidationError)  # noqa: S101
    found = [one for one in error.errors() if one["type"] != "extra_forbidden"]
    if any(one["loc"][0] == "path" for one in found):
        return said(404)
    fields = {str(one["loc"][1]) for one in found if len(one["loc"]) > 1 and one["type"] != "json_invalid"}
    return said(422, fields=sorted(fields))


async def plain(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 400
    return said(status)


async def guard(request: Request, call: Callable[[Request], Awaitable[Response]]) -> Response:
    """The outermost: sizes before anything is read, errors without a trace, nothing in caches."""
    length = request.headers.get("content-length")
    if "transfer-encoding" in request.headers:
        response: Response = said(411)
    elif length is not None and not (length.isdecimal() and int(length) <= BIGGEST):
        response = said(413)
    else:
        try:
            response = await call(request)
        except Exception as error:  # noqa: BLE001  # the last resort
            logging.getLogger("shop").error("failed: %s", type(error).__name__)
            response = said(500)
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def create_app(settings: Settings | None = None) -> FastAPI:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.shop = Shop(settings or Settings.from_environment())
        yield
        await app.state.shop.close()

    app = FastAPI(title="shop", lifespan=lifespan)
    app.middleware("http")(guard)
    app.add_exception_handler(Refused, refused)
    app.add_exception_handler(RequestValidationError, unreadable)
    app.add_exception_handler(HTTPException, plain)
    app.add_exception_handler(BadCursor, plain)
    app.include_router(accounts.router)
    app.include_router(orders.router)
    return app
