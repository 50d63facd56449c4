"""Whether the time of an answer tells what the answer does not.

Two kinds of request are sent in turns, in a random order, the shortest of three counts, and they are compared by ranks
(Mann-Whitney): the chance that one of the first kind takes longer than one of the second. A half is "no difference". A busy
machine makes all answers slower, not those of one kind, and ranks do not mind outliers. Chance alone keeps the figure within
5 standard errors of a half; only a difference that is found three times in a row, in the same direction, is one.
"""

from __future__ import annotations

import gc
import math
import random
import time
import uuid
from bisect import bisect_left, bisect_right
from collections.abc import Callable

import pytest

from .conftest import Person, Server

ERRORS = 5.0


def longer(first: list[float], second: list[float]) -> float:
    """The chance that one of the first takes longer than one of the second; a draw counts a half."""
    ordered = sorted(second)
    below = sum(bisect_left(ordered, one) + bisect_right(ordered, one) for one in first) / 2
    return below / (len(first) * len(second))


def margin(number: int) -> float:
    """How far from a half chance may lead, for so many of each kind."""
    return min(0.45, ERRORS * math.sqrt((2 * number + 1) / (12 * number * number)))


def took(act: Callable[[], object]) -> float:
    start = time.perf_counter()
    act()
    return time.perf_counter() - start


def sample(first: Callable[[], object], second: Callable[[], object], number: int, best_of: int = 3) -> float:
    times: tuple[list[float], list[float]] = ([], [])
    kinds = (first, second)
    for kind in kinds * 3:
        kind()
    gc.disable()
    try:
        for _ in range(number):
            for which in random.sample((0, 1), 2):
                times[which].append(min(took(kinds[which]) for _ in range(best_of)))
    finally:
        gc.enable()
    return longer(*times)


def differ(first: Callable[[], object], second: Callable[[], object], number: int, best_of: int = 3) -> list[float]:
    """The figures of three tries, if all three tell the kinds apart; none otherwise."""
    figures: list[float] = []
    for _ in range(3):
        figures.append(sample(first, second, number, best_of))
        if abs(figures[-1] - 0.5) <= margin(number):
            return []
    return figures if len({figure > 0.5 for figure in figures}) == 1 else []


def test_the_statistic_can_tell() -> None:
    chance = random.Random(7)  # noqa: S311
    same = [chance.gauss(5, 1) for _ in range(300)]
    assert abs(longer(same[:150], same[150:]) - 0.5) < margin(150)
    assert longer([one + 1 for one in same[:150]], same[150:]) - 0.5 > margin(150)
    assert longer([1, 1], [1, 1]) == 0.5


def test_it_would_be_seen_if_there_were_one(server: Server, ada: Person) -> None:
    """The lines of an order that is there take longer, by one statement: less than a careless answer would tell."""
    order, nowhere = (f"/orders/{one}/lines" for one in (ada.order()["id"], uuid.uuid4()))
    assert any(sample(lambda: ada.get(order), lambda: ada.get(nowhere), 100) - 0.5 > margin(100) for _ in range(3))


@pytest.mark.parametrize("what", ["GET", "DELETE", "POST"])
def test_rows_of_another(server: Server, ada: Person, eve: Person, tea: str, what: str) -> None:
    order, nowhere = ada.order()["id"], str(uuid.uuid4())
    body = {"product": tea} if what == "POST" else None
    tail = "/lines" if what == "POST" else ""

    def ask(one: str) -> None:
        assert eve.send(what, f"/orders/{one}{tail}", body, If_Match='"1"').status_code == 404

    assert not differ(lambda: ask(order), lambda: ask(nowhere), 100)


def test_addresses_by_logging_in(server: Server, ada: Person) -> None:
    who = server.stranger()

    def ask(email: str) -> None:
        answer = who.http.post("/login", json={"email": email, "password": "a guess of eve's"})
        assert answer.status_code == 401

    unknown = f"{uuid.uuid4().hex}@example.org"
    assert not differ(lambda: ask(ada.email), lambda: ask(unknown), 30, best_of=1)


def test_addresses_by_forgetting(server: Server, ada: Person) -> None:
    who = server.stranger()
    unknown = f"{uuid.uuid4().hex}@example.org"

    def ask(email: str) -> None:
        assert who.http.post("/password-resets", json={"email": email}).status_code == 202

    assert not differ(lambda: ask(ada.email), lambda: ask(unknown), 100)
