"""What the shop is for."""

from __future__ import annotations

import threading
import uuid
from decimal import Decimal

import httpx

from .conftest import Person, Server, good


def test_from_the_cart_to_the_payment(server: Server, ada: Person, tea: str) -> None:
    cup = server.stock("Cup", "4.05")
    order = ada.order()
    assert (order["state"], order["customer"], order["version"]) == ("cart", ada.id, 1)

    first = ada.add(order["id"], tea, 1, 3)
    line = good(first, 201)
    assert (line["order"], line["product"], line["quantity"]) == (order["id"], tea, 3)
    assert Decimal(line["price"]) == Decimal("9.90")
    assert first.headers["etag"] == '"2"'
    good(ada.add(order["id"], cup, 2), 201)

    read = ada.get(f"/orders/{order['id']}")
    assert read.headers["etag"] == '"3"'
    assert Decimal(good(read)["total"]) == Decimal("33.75")
    lines = good(ada.get(f"/orders/{order['id']}/lines"))
    assert {one["product"] for one in lines["items"]} == {tea, cup}

    line = next(one for one in lines["items"] if one["product"] == cup)
    left = good(ada.send("DELETE", f"/orders/{order['id']}/lines/{line['id']}", If_Match='"3"'))
    assert Decimal(left["total"]) == Decimal("29.70")

    placed = good(ada.move(order["id"], "place", 4))
    assert (placed["state"], placed["version"]) == ("placed", 5)
    assert good(ada.move(order["id"], "pay", 5))["state"] == "paid"
    assert order["id"] in [one["id"] for one in good(ada.get("/orders?state=paid"))["items"]]


def test_the_catalogue_page_by_page(server: Server, ada: Person) -> None:
    shelf = server.shelf(f"Paged {uuid.uuid4()}")
    name = uuid.uuid4().hex
    made = {server.stock(f"{name} {number}", f"{number}.50", shelf) for number in range(7)}
    for path in (f"/products?prefix={name}&size=3", f"/categories/{shelf}/products?size=3&low=0&high=100"):
        found: list[str] = []
        after = ""
        while True:
            page = good(server.stranger().get(path + after))
            found += [one["id"] for one in page["items"]]
            if page["next"] is None:
                break
            after = f"&after={page['next']}"
        assert len(found) == 7
        assert set(found) == made
    narrow = good(ada.get(f"/categories/{shelf}/products?low=2&high=4"))
    assert [Decimal(one["price"]) for one in narrow["items"]] == [Decimal("2.50"), Decimal("3.50")]
    one = made.pop()
    assert good(ada.get(f"/products/{one}"))["id"] == one


def test_orders_page_by_page(server: Server) -> None:
    who = server.person()
    made = [who.order()["id"] for _ in range(5)]
    first = good(who.get("/orders?size=3"))
    rest = good(who.get(f"/orders?size=3&after={first['next']}"))
    assert sorted(one["id"] for one in first["items"] + rest["items"]) == sorted(made)
    assert rest["next"] is None


def test_a_discarded_cart_is_gone(ada: Person) -> None:
    order = ada.order()
    good(ada.send("DELETE", f"/orders/{order['id']}", If_Match='"1"'), 204)
    assert ada.get(f"/orders/{order['id']}").status_code == 404
    assert ada.move(order["id"], "place", 2).status_code == 404


def test_my_data_is_all_of_mine_and_nobody_else_s(server: Server, ada: Person, tea: str) -> None:
    who = server.person()
    order = who.order()
    good(who.add(order["id"], tea, 1), 201)
    ada.order()
    data = good(who.get("/me/data"))
    assert data["user"]["email"] == who.email
    assert [one["id"] for one in data["orders"]] == [order["id"]]
    assert [one["order"] for one in data["lines"]] == [order["id"]]
    assert "password" not in str(data)
    assert ("data_exported", None) in [(kind, None) for kind, _ in server.events()]


def test_a_forgotten_password(server: Server) -> None:
    who = server.person()
    old = who.token
    good(who.http.post("/password-resets", json={"email": who.email}), 202)
    token = server.mail(who)
    sent = {"token": token, "password": "a new one for canaries"}
    good(who.http.post("/password-resets/redeem", json=sent))
    assert who.get("/me").status_code == 401, "a session outlives its password"
    assert who.log_in().status_code == 401
    good(who.log_in("a new one for canaries"))
    assert good(who.get("/me"))["id"] == who.id
    assert who.token != old


def test_a_reset_changes_the_password_of_its_owner_alone(server: Server) -> None:
    others = [server.person() for _ in range(2)]
    who = server.person()
    good(who.http.post("/password-resets", json={"email": who.email}), 202)
    sent = {"token": server.mail(who), "password": "a new one for canaries"}
    good(who.http.post("/password-resets/redeem", json=sent))
    good(who.log_in("a new one for canaries"))
    for other in others:
        good(other.get("/me"))
        good(other.log_in())


def test_erasure(server: Server, tea: str) -> None:
    who = server.person()
    order = who.order()
    good(who.add(order["id"], tea, 1), 201)
    good(who.move(order["id"], "place", 2))
    assert who.send("POST", "/me/erase", {"password": "not the right one"}).status_code == 403
    good(who.send("POST", "/me/erase", {"password": who.password}), 204)
    assert who.get("/me").status_code == 401
    assert who.log_in().status_code == 401
    kinds = [kind for kind, _ in server.events()]
    assert "erasure" in kinds
    assert "erasure_refused" in kinds
    good(who.http.post("/accounts", json={"email": who.email, "password": who.password}), 202)
    good(who.log_in())
    assert good(who.get("/me"))["id"] != who.id
    assert good(who.get("/orders?state=placed"))["items"] == []


def test_of_two_changes_at_once_one_is_made(server: Server, ada: Person, tea: str) -> None:
    for _ in range(5):
        order = ada.order()
        people = [server.stranger() for _ in range(4)]
        gate = threading.Barrier(len(people))
        answers: list[httpx.Response] = []

        def act(
            who: Person,
            number: int,
            order: str = order["id"],
            gate: threading.Barrier = gate,
            answers: list[httpx.Response] = answers,
        ) -> None:
            who.token = ada.token
            gate.wait()
            answers.append(who.add(order, tea, 1) if number % 2 else who.move(order, "place", 1))

        threads = [threading.Thread(target=act, args=(who, number)) for number, who in enumerate(people)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        codes = sorted(answer.status_code for answer in answers)
        assert sum(code < 300 for code in codes) == 1, codes
        assert set(codes[1:]) == {412}, codes
        assert good(ada.get(f"/orders/{order['id']}"))["version"] == 2


def test_what_the_schema_is_made_of(server: Server) -> None:
    document = good(server.stranger().get("/openapi.json"))
    text = str(document)
    for word in ("owner_id", "created_by", "updated_by", "deleted_at", "public_id"):
        assert word not in text
