"""Eve has an account. What she learns about Ada's rows must be what she learns about rows that never were."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from .conftest import Person, Server, good

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY"]
MOVES = ["place", "pay", "cancel", "ship", "lines"]


@dataclass(frozen=True)
class Prey:
    """What Ada has."""

    order: str
    line: str
    placed: str


@pytest.fixture(scope="session")
def prey(ada: Person, tea: str) -> Prey:
    order, placed = ada.order()["id"], ada.order()["id"]
    line = good(ada.add(order, tea, 1), 201)["id"]
    good(ada.move(placed, "place", 1))
    return Prey(order, line, placed)


def told(answer: httpx.Response) -> tuple[int, bytes, list[tuple[str, str]]]:
    """All that is answered, but for the time of day."""
    return answer.status_code, answer.content, [pair for pair in answer.headers.items() if pair[0] != "date"]


def attempts(paths: list[str], order: str, line: str, tea: str) -> Iterator[tuple[str, str, Any, dict[str, str]]]:
    bodies: list[Any] = [None, {"product": tea}, {"state": "cancelled"}]
    for path in paths:
        for move in MOVES if "{move}" in path else [""]:
            url = path.format(order=order, line=line, move=move)
            for method in METHODS:
                for headers in ({}, {"If_Match": '"1"'}, {"If_Match": '"2"'}):
                    for body in bodies if method in ("POST", "PUT", "PATCH") else bodies[:1]:
                        yield method, url, body, headers


def test_ids_of_another_on_every_route_and_method(
    server: Server, ada: Person, eve: Person, prey: Prey, tea: str
) -> None:
    paths = [path for path in good(eve.get("/openapi.json"))["paths"] if "{order}" in path]
    assert len(paths) == 4, "a route was added: it is tried here, but see what else it needs"
    before = [good(ada.get(f"/orders/{one}")) for one in (prey.order, prey.placed)]
    number = 0
    for who in (eve, server.stranger()):
        for theirs in (prey.order, prey.placed):
            nowhere = str(uuid.uuid4())
            pairs = zip(
                attempts(paths, theirs, prey.line, tea), attempts(paths, nowhere, str(uuid.uuid4()), tea), strict=True
            )
            for (method, url, body, headers), (_, other, _, _) in pairs:
                real, made_up = who.send(method, url, body, **headers), who.send(method, other, body, **headers)
                assert told(real) == told(made_up), (method, url, body, headers)
                assert real.status_code in (401, 404, 405, 422, 428), (method, url, real.text)
                number += 1
    assert number > 300
    assert [good(ada.get(f"/orders/{one}")) for one in (prey.order, prey.placed)] == before
    assert len(good(ada.get(f"/orders/{prey.order}/lines"))["items"]) == 1


def test_ids_of_another_in_bodies_and_behind_ones_own(ada: Person, eve: Person, prey: Prey) -> None:
    mine = eve.order()["id"]
    for theirs in (prey.order, prey.line, prey.placed, ada.id):
        nowhere = str(uuid.uuid4())
        for one in ("product", "line", "category", "item"):
            answers = []
            for tried in (theirs, nowhere):
                match one:
                    case "product":
                        answers.append(eve.add(mine, tried, 1))
                    case "line":
                        answers.append(eve.send("DELETE", f"/orders/{mine}/lines/{tried}", If_Match='"1"'))
                    case "category":
                        answers.append(eve.get(f"/categories/{tried}/products"))
                    case "item":
                        answers.append(eve.get(f"/products/{tried}"))
            assert told(answers[0]) == told(answers[1])
            assert answers[0].status_code == (200 if one == "category" else 404)
    assert good(eve.get(f"/orders/{mine}"))["version"] == 1


def test_a_line_of_another_order_of_ones_own(ada: Person, tea: str) -> None:
    first, second = ada.order()["id"], ada.order()["id"]
    line = good(ada.add(first, tea, 1), 201)["id"]
    answers = [ada.send("DELETE", f"/orders/{second}/lines/{one}", If_Match='"1"') for one in (line, uuid.uuid4())]
    assert told(answers[0]) == told(answers[1])
    assert answers[0].status_code == 404


def test_walking(eve: Person, prey: Prey) -> None:
    """Numbers, neighbours, other ways to write a name, and what might be cut off or added."""
    order = uuid.UUID(prey.order)
    nowhere = told(eve.get(f"/orders/{uuid.uuid4()}"))
    walked: list[object] = [*range(-2, 40), 2**31, 2**63, 10**30]
    walked += [uuid.UUID(int=order.int + step & ~0) for step in range(-5, 6)]
    walked += [
        order.hex,
        str(order).upper(),
        f"{{{order}}}",
        f"urn:uuid:{order}",
        uuid.UUID(int=0),
        uuid.UUID(int=2**128 - 1),
    ]
    walked += [
        f"{order} ",
        f"%20{order}",
        f"{order}%00",
        f"{order}%0a",
        "null",
        "me",
        "*",
        "%2e%2e",
        "' or 1=1--",
        "%25",
    ]
    for one in walked:
        answer = eve.get(f"/orders/{one}")
        assert told(answer) == nowhere, one


def test_lists_hold_what_is_ones_own(ada: Person, eve: Person, prey: Prey) -> None:
    for state in ("cart", "placed", "paid", "shipped", "cancelled"):
        page = good(eve.get(f"/orders?state={state}&size=50"))
        assert all(one["customer"] == eve.id for one in page["items"])
        for name in ("customer", "owner", "user", "customer_id"):
            assert eve.get(f"/orders?state={state}&size=50&{name}={ada.id}").json().keys() == page.keys()
            assert [one["id"] for one in good(eve.get(f"/orders?state={state}&size=50&{name}={ada.id}"))["items"]] == [
                one["id"] for one in page["items"]
            ]
    data = str(good(eve.get("/me/data")))
    for secret in (prey.order, prey.line, prey.placed, ada.id, ada.email):
        assert secret not in data


def test_cursors_of_another_lead_to_ones_own(server: Server) -> None:
    ada, eve = server.person("ada"), server.person("eve")
    theirs = {ada.order()["id"] for _ in range(3)}
    mine = {eve.order()["id"] for _ in range(3)}
    cursor = good(ada.get("/orders?size=1"))["next"]
    found = {one["id"] for one in good(eve.get(f"/orders?size=50&after={cursor}"))["items"]}
    assert found <= mine
    assert not found & theirs


def test_contexts_do_not_stay_in_the_pool(server: Server, ada: Person, eve: Person, prey: Prey) -> None:
    """Ada's transactions end in every way; after each, Eve and a stranger take the connections that are left."""
    ends: list[Callable[[], httpx.Response]] = [
        lambda: ada.get(f"/orders/{prey.order}"),
        lambda: ada.get(f"/orders/{uuid.uuid4()}"),
        lambda: ada.move(prey.order, "pay", 2),
        lambda: ada.send("POST", "/me/erase", {"password": "not hers"}),
        lambda: ada.get("/orders?after=x"),
    ]
    for end in ends:
        for _ in range(6):
            end()
            assert eve.get(f"/orders/{prey.order}").status_code == 404
            assert server.stranger().get(f"/orders/{prey.order}").status_code == 401


def test_nobody_but_staff_writes_the_catalogue(ada: Person, tea: str) -> None:
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        for path in ("/products", f"/products/{tea}", f"/categories/{uuid.uuid4()}/products"):
            assert ada.send(method, path, {"sku": "x", "name": "Free tea", "price": "0"}).status_code == 405


# ── is there such a one? ─────────────────────────────────────────────────────


def test_addresses_cannot_be_found_by_signing_up(server: Server, ada: Person) -> None:
    eve = server.stranger()
    answers = [
        eve.http.post("/accounts", json={"email": email, "password": "eve's own password"})
        for email in (ada.email, ada.email.upper(), f" {ada.email} ", f"{uuid.uuid4().hex}@example.org")
    ]
    assert all(told(answer) == told(answers[0]) for answer in answers)
    assert answers[0].status_code == 202
    good(ada.log_in())
    eve.email = ada.email
    assert eve.log_in("eve's own password").status_code == 401


def test_addresses_cannot_be_found_by_logging_in_or_by_forgetting(server: Server, ada: Person) -> None:
    eve = server.stranger()
    for path, more, status in (("/login", {"password": "a guess of eve's"}, 401), ("/password-resets", {}, 202)):
        answers = [
            eve.http.post(path, json={"email": email, **more})
            for email in (ada.email, f"{uuid.uuid4().hex}@example.org", f"deleted-{ada.id}@invalid")
        ]
        assert all(told(answer) == told(answers[0]) for answer in answers)
        assert answers[0].status_code == status


def test_an_erased_account_is_one_that_never_was(server: Server) -> None:
    who, eve = server.person(), server.stranger()
    good(who.send("POST", "/me/erase", {"password": who.password}), 204)
    for email in (who.email, f"deleted-{who.id}@invalid"):
        answers = [
            eve.http.post("/login", json={"email": one, "password": who.password})
            for one in (email, f"{uuid.uuid4().hex}@example.org")
        ]
        assert told(answers[0]) == told(answers[1])
        assert answers[0].status_code == 401


def test_what_is_unique_is_unique_within_ones_own(server: Server, tea: str) -> None:
    """Lines are unique by order and product: that Ada has bought something is nothing that Eve can run into."""
    ada, eve = server.person("ada"), server.person("eve")
    answers = []
    for who in (ada, eve):
        answers.append(who.add(who.order()["id"], tea, 1))
    assert [answer.status_code for answer in answers] == [201, 201]
