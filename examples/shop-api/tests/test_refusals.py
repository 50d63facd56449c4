"""What is refused, and how little is said about it."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest

from api.security import Login
from api.settings import Settings
from shop.core.crypto import Token
from shop.core.session import AsyncSession, Context
from shop.models import PasswordReset

from .conftest import SECRET, Person, Server, good

KEY = Settings("", "", bytes.fromhex(SECRET)).key("login")


def test_a_stale_version_is_refused(ada: Person, tea: str) -> None:
    order = ada.order()["id"]
    good(ada.add(order, tea, 1), 201)
    for answer in (
        ada.add(order, tea, 1),
        ada.move(order, "place", 1),
        ada.move(order, "place", 3),
        ada.send("DELETE", f"/orders/{order}", If_Match='"1"'),
        ada.send("DELETE", f"/orders/{order}/lines/{uuid.uuid4()}", If_Match='"1"'),
    ):
        assert answer.status_code == 412
        assert answer.json() == {"error": "stale"}
    assert good(ada.get(f"/orders/{order}"))["version"] == 2


@pytest.mark.parametrize("header", ["*", "2", 'W/"2"', '"2", "3"', '"-1"', '"9999999999999"', '"2"x', '"\'"'])
def test_only_one_version_is_a_match(ada: Person, header: str) -> None:
    order = ada.order()["id"]
    assert ada.send("POST", f"/orders/{order}/place", If_Match=header).status_code == 422


def test_changes_want_a_version(ada: Person) -> None:
    order = ada.order()["id"]
    assert ada.send("POST", f"/orders/{order}/place").status_code == 428


def test_only_declared_moves(ada: Person, tea: str) -> None:
    moves = {"cart": ["pay"], "placed": ["place"], "paid": ["place", "pay"], "cancelled": ["place", "pay", "cancel"]}
    ways = {"cart": [], "placed": ["place"], "paid": ["place", "pay"], "cancelled": ["cancel"]}
    for state, way in ways.items():
        order, version = ada.order(), 1
        for step in way:
            version = good(ada.move(order["id"], step, version))["version"]
        for move in moves[state]:
            answer = ada.move(order["id"], move, version)
            assert (answer.status_code, answer.json()["error"]) == (409, "conflict"), move
        if state != "cart":
            assert ada.add(order["id"], tea, version).status_code == 409
            assert ada.send("DELETE", f"/orders/{order['id']}", If_Match=f'"{version}"').status_code == 409
        assert good(ada.get(f"/orders/{order['id']}"))["version"] == version
    assert ada.send("POST", f"/orders/{ada.order()['id']}/ship", If_Match='"1"').status_code == 404


def test_a_product_once_in_an_order(ada: Person, tea: str) -> None:
    order = ada.order()["id"]
    good(ada.add(order, tea, 1), 201)
    answer = ada.add(order, tea, 2)
    assert (answer.status_code, answer.json()) == (409, {"error": "conflict", "fields": ["order", "product"]})
    after = good(ada.get(f"/orders/{order}"))
    assert (after["version"], after["total"]) == (2, "9.9000"), "half a change was kept"


@pytest.mark.parametrize(
    "field",
    [
        "id", "public_id", "owner", "owner_id", "customer", "customer_id", "created_by", "created_at", "updated_by",
        "version", "price", "total", "order", "order_id", "state", "deleted_at", "tenant_id", "__class__",
    ],
)  # fmt: skip
def test_nobody_says_what_is_not_theirs_to_say(ada: Person, eve: Person, tea: str, field: str) -> None:
    order = eve.order()["id"]
    for value in (ada.id, 1, "paid", None):
        sent = {"product": tea, field: value}
        answer = eve.send("POST", f"/orders/{order}/lines", sent, If_Match='"1"')
        assert (answer.status_code, answer.json()) == (422, {"error": "invalid", "fields": []})
        for path in ("/orders", f"/orders/{order}/place"):
            assert eve.send("POST", path, {field: value}, If_Match='"1"').status_code == 422
        if field != "email":
            mine = {"email": f"{uuid.uuid4().hex}@example.org", "password": "x" * 20, field: value}
            assert eve.send("POST", "/accounts", mine).status_code == 422
    seen = good(eve.get(f"/orders/{order}"))
    assert (seen["version"], seen["customer"]) == (1, eve.id)


@pytest.mark.parametrize("quantity", [0, -1, 1001, 2**31, 2**63, 10**400, 1.5, True, "1 OR 1=1", None, [], {}, "NaN"])
def test_quantities(ada: Person, tea: str, quantity: Any) -> None:
    order = ada.order()["id"]
    sent = {"product": tea, "quantity": quantity}
    answer = ada.send("POST", f"/orders/{order}/lines", sent, If_Match='"1"')
    assert answer.status_code in ((201,) if quantity is True else (422,)), answer.text


ODD = [
    "' OR '1'='1", "'; DROP TABLE shop.users; --", "\\", "%", "_", "%%", "*", "[a-z]*", "?", "$1", ":x", "\u202e", "a" * 200,
    "{{7*7}}", "%s%n", "\U0001f375", "-- ", "/*", "\t", "İ",
]  # fmt: skip


@pytest.mark.parametrize("text", ODD)
def test_a_prefix_is_letters_and_nothing_else(server: Server, text: str) -> None:
    who = server.stranger()
    name = f"{text.strip()}zz"[:200]
    made = server.stock(name) if len(name) >= 2 else None
    answer = who.http.get("/products", params={"prefix": text})
    found = [one["name"] for one in good(answer)["items"]]
    assert all(one.startswith(text.strip()) for one in found)
    if made is not None and text.strip():
        assert name in found


@pytest.mark.parametrize("text", ["\x00", "a\x00b", "a" * 201])
def test_a_prefix_that_cannot_be(server: Server, text: str) -> None:
    answer = server.stranger().http.get("/products", params={"prefix": text})
    assert (answer.status_code, answer.json()) == (422, {"error": "invalid", "fields": ["prefix"]})


@pytest.mark.parametrize(
    "query",
    [
        "size=0", "size=51", "size=-1", "size=1e9", "after=x", "after=%00", "after=" + "A" * 900, "after=" + "A" * 2000,
        "after=%F0%9F%8D%B5", "prefix=%FF%FE%00",
    ],
)  # fmt: skip
def test_pages_that_are_none(server: Server, query: str) -> None:
    assert server.stranger().get(f"/products?{query}").status_code in (400, 422)


@pytest.mark.parametrize("price", ["NaN", "Infinity", "-Infinity", "1e400", "0.00001", "1" * 30, "0x10", "", "1;2"])
def test_prices_that_are_none(server: Server, price: str) -> None:
    answer = server.stranger().get(f"/categories/{uuid.uuid4()}/products?low={price}")
    assert (answer.status_code, answer.json()) == (422, {"error": "invalid", "fields": ["low"]})


def test_a_cursor_belongs_to_its_query(server: Server, ada: Person, eve: Person) -> None:
    shelf = server.shelf(uuid.uuid4().hex)
    for number in range(3):
        server.stock(f"Cursor {number}", category=shelf)
    cursor = good(ada.get("/products?prefix=Cursor&size=1"))["next"]
    for path in (f"/categories/{shelf}/products?after=", "/orders?after="):
        assert eve.get(path + cursor).status_code == 400
    turned = cursor[:-2] + ("AA" if cursor[-2:] != "AA" else "BB")
    assert eve.get(f"/products?prefix=Cursor&after={turned}").status_code == 400


@pytest.mark.parametrize("password", ["short", "x" * 201, "", None, 12, ["x" * 20], "x" * 12 + "\ud800"])
def test_passwords_that_are_none(server: Server, password: Any) -> None:
    sent = {"email": "someone@example.org", "password": password}
    answer = server.stranger().send("POST", "/accounts", sent)
    assert (answer.status_code, answer.json()) == (422, {"error": "invalid", "fields": ["password"]})


@pytest.mark.parametrize(
    "email", ["", "x", "@", "a@b@c", "a b@c.d", "x" * 250 + "@example.org", "a@b\x00c", 7, None, "a\ud800@b.c", "\n@\n"]
)
def test_addresses_that_are_none(server: Server, email: Any) -> None:
    for path, more in (("/accounts", {"password": "x" * 20}), ("/login", {"password": "x"}), ("/password-resets", {})):
        answer = server.stranger().send("POST", path, {"email": email, **more})
        assert (answer.status_code, answer.json()) == (422, {"error": "invalid", "fields": ["email"]}), path


@pytest.mark.parametrize("field", ["full_name", "locale"])
@pytest.mark.parametrize("text", ["half a letter \ud800", "a\x00b", "x" * 101, 7, ["x"], {"$ne": 1}])
def test_texts_that_are_none(server: Server, field: str, text: Any) -> None:
    sent = {"email": f"{uuid.uuid4().hex}@example.org", "password": "x" * 20, field: text}
    answer = server.stranger().send("POST", "/accounts", sent)
    assert (answer.status_code, answer.json()) == (422, {"error": "invalid", "fields": [field]})


def test_too_much_is_not_read(server: Server) -> None:
    who = server.stranger()
    huge = who.http.post("/login", content=b"x" * 70_000, headers={"content-type": "application/json"})
    assert (huge.status_code, huge.json()) == (413, {"error": "too_large"})
    unsaid = who.http.post("/login", content=iter([b"x"] * 10))
    assert (unsaid.status_code, unsaid.json()) == (411, {"error": "length_required"})


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'"x"', b"{" * 5000, b"[" * 60000, b"\xff\xfe", b"NaN", b"1" * 5000]
)
def test_what_is_no_json(server: Server, body: bytes) -> None:
    who = server.stranger()
    answer = who.http.post("/login", content=body, headers={"content-type": "application/json"})
    assert answer.status_code in (400, 422), answer.text
    assert answer.json()["error"] in ("invalid", "bad_request")


def test_a_token_of_a_reset_is_good_once(server: Server) -> None:
    who = server.person()
    ask = {"email": who.email}
    good(who.http.post("/password-resets", json=ask), 202)
    first = server.mail(who)
    good(who.http.post("/password-resets", json=ask), 202)
    second = server.mail(who, after=first)
    new = "a new one for canaries"
    good(who.http.post("/password-resets/redeem", json={"token": first, "password": new}))
    refused = len([kind for kind, _ in server.events() if kind == "token_refused"])
    bad = [first, second, first[:-1], first + "A", first.swapcase(), "", "A" * 43, "é" * 43, "x" * 100, "\u2028"]
    for token in bad:
        answer = who.http.post("/password-resets/redeem", json={"token": token, "password": "another one by eve"})
        assert (answer.status_code, answer.json()) == (400, {"error": "bad_token"}), token
    assert len([kind for kind, _ in server.events() if kind == "token_refused"]) == refused + len(bad)
    good(who.log_in(new))


def test_a_weak_password_does_not_use_the_token_up(server: Server) -> None:
    who = server.person()
    good(who.http.post("/password-resets", json={"email": who.email}), 202)
    token = server.mail(who)
    assert who.http.post("/password-resets/redeem", json={"token": token, "password": "short"}).status_code == 422
    good(who.http.post("/password-resets/redeem", json={"token": token, "password": "a new one for canaries"}))


def test_a_token_of_a_reset_expires(server: Server) -> None:
    who = server.person()
    login = Login.read(KEY, who.token)
    assert login is not None
    for age, status in ((dt.timedelta(seconds=-1), 400), (dt.timedelta(hours=1), 200)):
        token = Token.issue()

        async def work(session: AsyncSession, token: Token = token, age: dt.timedelta = age) -> None:
            await session.enter(Context(actor=login.actor))
            session.add(PasswordReset(token=token.stored, expires_at=dt.datetime.now(dt.UTC) + age))

        server.run("app", work)
        sent = {"token": token.shown, "password": "a new one for canaries"}
        assert who.http.post("/password-resets/redeem", json=sent).status_code == status


def test_logins_expire_and_cannot_be_made_up(server: Server, ada: Person, eve: Person) -> None:
    mine, hers = Login.read(KEY, eve.token), Login.read(KEY, ada.token)
    assert mine is not None
    assert hers is not None
    bad = {
        "odd": "A" * 107,
        "long": "A" * 8000,
        "not ascii": "Bearer\u00e9",
        "expired": mine.sign(KEY, -1),
        "of another key": mine.sign(b"x" * 32),
        "of another's account": Login(mine.actor, hers.user, hers.version).sign(KEY),
        "of another's actor": Login(hers.actor, mine.user, mine.version).sign(KEY),
        "of an older version": Login(mine.actor, mine.user, mine.version - 1 if mine.version else 9).sign(KEY),
        "of nobody": Login(uuid.uuid4(), uuid.uuid4(), 1).sign(KEY),
        **{
            f"turned at {at}": eve.token[:at] + ("A" if eve.token[at] != "A" else "B") + eve.token[at + 1 :]
            for at in range(0, 100, 9)
        },
    }
    for about, token in bad.items():
        answer = server.stranger().http.get("/me", headers={b"authorization": b"Bearer " + token.encode("latin-1")})
        assert (answer.status_code, answer.json()) == (401, {"error": "unauthorized"}), about
    for scheme in ("Basic", "Token", "bearer,"):
        answer = server.stranger().http.get("/me", headers={"authorization": f"{scheme} {eve.token}"})
        assert answer.status_code == 401
