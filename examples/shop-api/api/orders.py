"""The catalogue, which is for everyone, and orders, which are for their customers."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Header, Query, Response
from pydantic import BaseModel
from sqlalchemy.orm.attributes import flag_modified
from starlette.exceptions import HTTPException

from shop.core import paging
from shop.core.errors import Stale
from shop.core.schemas import Money, Text, Write
from shop.models import Order, OrderLine, OrderState, Product
from shop.schemas import OrderCreate, OrderLineCreate, OrderLineRead, OrderRead, OrderUpdate, ProductRead
from shop.schemas.order_line import Quantity

from .context import Acting, Anyone, Somebody

router = APIRouter()
Cursor = Annotated[str | None, Query(max_length=1000)]
Size = Annotated[int, Query(ge=1, le=50)]


class Empty(Write):
    """Nothing may be sent."""


class LineIn(Write):
    """What a customer says of a line; the price is the shop's to say."""

    product: UUID
    quantity: Quantity = 1


Move = Literal["place", "pay", "cancel"]
TO: dict[Move, OrderState] = {"place": OrderState.PLACED, "pay": OrderState.PAID, "cancel": OrderState.CANCELLED}


def shown(read: type[BaseModel], page: paging.Page[Any]) -> dict[str, Any]:
    return {"items": [read.model_validate(row) for row in page.items], "next": page.next}


@router.get("/products")
async def search(
    session: Anyone, prefix: Annotated[Text, Query(max_length=200)] = "", after: Cursor = None, size: Size = 20
) -> dict[str, Any]:
    return shown(ProductRead, await session.page(Product.search(prefix), after=after, size=size))


@router.get("/categories/{category}/products")
async def by_category(
    category: UUID,
    session: Anyone,
    low: Money = Decimal(0),
    high: Money = Decimal(10**12),
    after: Cursor = None,
    size: Size = 20,
) -> dict[str, Any]:
    return shown(ProductRead, await session.page(Product.by_category(category, low, high), after=after, size=size))


@router.get("/products/{product}")
async def product(product: UUID, session: Anyone) -> ProductRead:
    return ProductRead.model_validate(await session.get_by_public_id(Product, product))


@router.get("/orders")
async def list_orders(
    acting: Somebody, state: OrderState = OrderState.CART, after: Cursor = None, size: Size = 20
) -> dict[str, Any]:
    return shown(
        OrderRead, await acting.session.page(Order.active_of_customer(acting.user, state), after=after, size=size)
    )


@router.post("/orders", status_code=201)
async def new_order(acting: Somebody, response: Response, _: Empty | None = None) -> OrderRead:
    return tagged(await acting.session.create(Order, OrderCreate()), response)


@router.get("/orders/{order}")
async def read_order(order: UUID, acting: Somebody, response: Response) -> OrderRead:
    row = await acting.session.get_by_public_id(Order, order)
    await acting.session.log_access(row)
    return tagged(row, response)


def lines_of(order: Order) -> paging.Query[OrderLine]:
    """All of an order's lines: as many as a page may have."""
    return paging.Query(OrderLine, (OrderLine.order_id == order.id,), (paging.asc(OrderLine.created_at),), limit=200)


@router.get("/orders/{order}/lines")
async def read_lines(order: UUID, acting: Somebody, after: Cursor = None, size: Size = 50) -> dict[str, Any]:
    row = await acting.session.get_by_public_id(Order, order)
    return shown(OrderLineRead, await acting.session.page(lines_of(row), after=after, size=size))


IfMatch = Annotated[str | None, Header(pattern=r'^"[0-9]{1,9}"$')]


def tagged(order: Order, response: Response) -> OrderRead:
    response.headers["ETag"] = f'"{order.version}"'
    return OrderRead.model_validate(order)


async def fresh(order: UUID, acting: Acting, if_match: str | None) -> tuple[Order, int]:
    """An order, and the version of it that the client has seen."""
    if if_match is None:
        raise HTTPException(428)
    row = await acting.session.get_by_public_id(Order, order)
    version = int(if_match.strip('"'))
    if row.version != version:
        raise Stale("orders", ("version",), "version")
    return row, version


async def change(acting: Acting, order: Order, **values: Any) -> Order:
    """Raises the order's version in any case, so that two changes of its lines never pass each other by."""
    flag_modified(order, "total")
    return await acting.session.update(order, OrderUpdate(**values))


async def cart(order: UUID, acting: Acting, if_match: str | None) -> tuple[Order, int]:
    row, version = await fresh(order, acting, if_match)
    if row.state is not OrderState.CART:
        raise HTTPException(409)
    return row, version


@router.post("/orders/{order}/lines", status_code=201)
async def add_line(
    order: UUID, data: LineIn, acting: Somebody, response: Response, if_match: IfMatch = None
) -> OrderLineRead:
    row, version = await cart(order, acting, if_match)
    item = await acting.session.get_by_public_id(Product, data.product)
    row = await change(acting, row, total=row.total + item.price * data.quantity, version=version)
    sent = OrderLineCreate(order=order, product=data.product, quantity=data.quantity, price=item.price)
    line = await acting.session.create(OrderLine, sent)
    tagged(row, response)
    return OrderLineRead.model_validate(line)


@router.delete("/orders/{order}/lines/{line}")
async def remove_line(
    order: UUID, line: UUID, acting: Somebody, response: Response, if_match: IfMatch = None
) -> OrderRead:
    row, version = await cart(order, acting, if_match)
    found = await acting.session.get_by_public_id(OrderLine, line)
    if found.order_id != row.id:
        raise HTTPException(404)
    row = await change(acting, row, total=row.total - found.price * found.quantity, version=version)
    await acting.session.delete(found)
    return tagged(row, response)


@router.delete("/orders/{order}", status_code=204)
async def discard(order: UUID, acting: Somebody, if_match: IfMatch = None) -> None:
    row, _ = await cart(order, acting, if_match)
    await acting.session.soft_delete(row, "discarded by the customer")


@router.post("/orders/{order}/{move}")
async def move_order(
    order: UUID, move: Move, acting: Somebody, response: Response, if_match: IfMatch = None, _: Empty | None = None
) -> OrderRead:
    """Which moves there are from here, the database says."""
    row, version = await fresh(order, acting, if_match)
    if row.state is TO[move]:  # no move at all
        raise HTTPException(409)
    row = await change(acting, row, state=TO[move], version=version)
    await acting.session.record_event(f"order_{TO[move]}", row)
    return tagged(row, response)
