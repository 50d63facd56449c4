"""Nothing that was sent in confidence stands in a log, in an answer that refuses, or in an event."""

from __future__ import annotations

import uuid

from .conftest import Person, Server, good


def test_canaries_do_not_sing(server: Server, ada: Person, tea: str) -> None:
    who = server.person("canary")
    secret = f"canary-{uuid.uuid4().hex}"
    server.seen.append(secret)
    stranger = server.stranger()
    refused = [
        stranger.send("POST", "/accounts", {"email": who.email, "password": secret[:8]}),
        stranger.send("POST", "/accounts", {"email": secret, "password": "x" * 20}),
        stranger.send("POST", "/accounts", {"email": f"{secret}@x.org", "password": "x" * 20, secret: secret}),
        stranger.send("POST", "/accounts", {"email": f"{secret}@x.org", "password": "x" * 20, "locale": secret}),
        stranger.send("POST", "/login", {"email": f"{secret}@x.org", "password": secret}),
        stranger.send("POST", "/login", {"email": who.email, "password": secret}),
        stranger.send("POST", "/password-resets/redeem", {"token": secret, "password": secret}),
        stranger.http.post("/login", content=f'{{"password": "{secret}"', headers={"content-type": "application/json"}),
        stranger.http.get("/me", headers={"authorization": f"Bearer {secret}"}),
        who.send("POST", "/me/erase", {"password": secret}),
        who.send("POST", f"/orders/{who.order()['id']}/lines", {"product": secret, "quantity": secret}, If_Match='"1"'),
        who.send("POST", f"/orders/{who.order()['id']}/place", If_Match=f'"{secret}"'),
        who.send("DELETE", f"/orders/{who.order()['id']}", If_Match=secret),
    ]
    for answer in refused:
        assert answer.status_code >= 400
        assert secret not in answer.text
        assert who.email not in answer.text
        assert secret not in str(answer.headers)
    good(stranger.send("POST", "/accounts", {"email": who.email, "password": secret}), 202)
    good(who.http.post("/password-resets", json={"email": who.email}), 202)
    token = server.mail(who)
    good(who.http.post("/password-resets/redeem", json={"token": token, "password": secret}))
    good(who.log_in(secret))
    good(who.get("/me/data"))
    order = who.order()["id"]
    good(who.add(order, tea, 1), 201)
    assert who.add(order, tea, 2).status_code == 409
    good(who.send("POST", "/me/erase", {"password": secret}), 204)

    log, events = server.log(), str(server.events())
    assert "architrave.security" in log, "the log is not read"
    assert "login_failed" in log
    assert "refused" in log
    for canary in [*server.seen, secret, "Canary Fullname", "$argon2", "a new one for canaries"]:
        assert canary not in log, canary
        assert canary not in events, canary


def test_what_happened_is_recorded(server: Server) -> None:
    who = server.person()
    before = len(server.events())
    who.log_in("wrong")
    who.log_in()
    server.stranger().http.post("/accounts", json={"email": who.email, "password": "somebody else's"})
    who.http.post("/password-resets/redeem", json={"token": "A" * 43, "password": "x" * 20})
    order = who.order()["id"]
    good(who.move(order, "place", 1))
    kinds = [kind for kind, _ in server.events()[before:]]
    assert kinds == ["login_failed", "login", "sign_up_refused", "token_refused", "order_placed"]


def test_a_refusal_leaves_no_trace_of_python(server: Server) -> None:
    for line in server.log().splitlines():
        assert "Traceback" not in line


def test_no_answer_is_kept_by_caches(server: Server, ada: Person) -> None:
    for answer in (ada.get("/me"), ada.get("/nowhere"), ada.get("/orders/1"), server.stranger().get("/me")):
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "server" not in answer.headers
