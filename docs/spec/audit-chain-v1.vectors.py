"""Makes audit-chain-v1.vectors.json: an implementation of audit-chain-v1.md that shares no code with the others."""

import hashlib
import hmac
import json
import struct
import uuid
from datetime import datetime, timedelta, timezone
from pathlib import Path

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def lp(text: str) -> bytes:
    data = text.encode()
    return struct.pack(">H", len(data)) + data


def number(value: int) -> bytes:
    return struct.pack(">q", value)


def instant(text: str) -> bytes:
    return number((datetime.fromisoformat(text) - EPOCH) // timedelta(microseconds=1))


def optional(value, encode) -> bytes:
    return b"\x00" if value is None else b"\x01" + encode(value)


def key_of(value) -> bytes:
    """The key of a tenant or a user: a number, a UUID, or another text."""
    if isinstance(value, int):
        return number(value)
    try:
        return uuid.UUID(value).bytes
    except ValueError:
        return lp(value)


def commitment(salt: bytes, changes: str) -> bytes:
    return hashlib.sha256(salt + changes.encode()).digest()


def entry_bytes(e: dict) -> bytes:
    return b"".join([
        lp("architrave/audit-entry/1"),
        number(e["seq"]),
        instant(e["recorded_at"]),
        number(e["transaction_id"]),
        optional(e["actor_id"], number),
        optional(e["tenant_id"], key_of),
        optional(e["subject_id"], key_of),
        lp(e["entity"]),
        optional(e["row_id"], number),
        optional(e["row_public_id"], lambda value: uuid.UUID(value).bytes),
        lp(e["operation"]),
        optional(e["commitment"], bytes.fromhex),
    ])


def seal_mac(key: bytes, seal: dict, entries: list) -> bytes:
    message = b"".join([
        lp("architrave/audit-seal/1"),
        optional(seal["previous"], bytes.fromhex),
        instant(seal["sealed_at"]),
        number(seal["up_to_transaction"]),
        number(seal["entries"]),
        lp(seal["key_id"]),
        *[entry_bytes(entry) for entry in entries],
    ])
    return hmac.new(key, message, hashlib.sha256).digest()


def link(previous: bytes, entry: dict) -> bytes:
    return hashlib.sha256(previous + entry_bytes(entry)).digest()


def main():
    key = hashlib.shake_256(b"audit key").digest(32)
    written = [
        # seq, time, transaction, actor, tenant, subject, entity, row, public id, operation, changes
        (1, "2026-01-31T23:59:59.999999+00:00", 1001, 1, None, 7, "users", 7, "0d3f6c1e-58a4-4b7e-9f6a-1c2d3e4f5a6b", "insert",
         '{"id": 7, "email": "zoë@example.org", "password_hash": "changed"}'),
        (3, "2026-02-01T00:00:00+00:00", 1001, 1, None, 7, "users", 7, "0d3f6c1e-58a4-4b7e-9f6a-1c2d3e4f5a6b", "update",
         '{"locale": ["en", "de"]}'),
        (2, "2026-02-01T00:00:00.000001+00:00", 1002, 12, 5, None, "größe", 9, "f47ac10b-58cc-4372-a567-0e02b2c3d479", "delete",
         '{"id": 9, "label": null}'),
        (4, "2026-02-01T00:00:01+00:00", 1003, 2, None, None, "orders", None, None, "truncate", None),
        (5, "2026-02-02T12:00:00.5+00:00", 1010, 1, None, 7, "users", 7, None, "erase", None),
        (6, "2026-02-02T12:00:01+00:00", 1010, 1, "acme", "0d3f6c1e-58a4-4b7e-9f6a-1c2d3e4f5a6b", "notes", None,
         "0d3f6c1e-58a4-4b7e-9f6a-1c2d3e4f5a6b", "erase", None),
    ]
    entries = []
    for seq, at, transaction, actor, tenant, subject, entity, row, public, operation, changes in written:
        salt = hashlib.shake_256(f"salt{seq}".encode()).digest(16) if changes is not None else None
        entry = {
            "seq": seq, "recorded_at": at, "transaction_id": transaction, "actor_id": actor, "tenant_id": tenant,
            "subject_id": subject, "entity": entity, "row_id": row, "row_public_id": public, "operation": operation,
            "changes": changes, "salt": salt.hex() if salt else None,
            "commitment": commitment(salt, changes).hex() if salt else None,
        }
        entry["bytes"] = entry_bytes(entry).hex()
        entries.append(entry)
    seals, previous = [], None
    for bound, sealed_at, members in [
        (1003, "2026-02-01T01:00:00+00:00", entries[:3]),
        (1011, "2026-02-03T01:00:00.25+00:00", entries[3:]),
    ]:
        seal = {
            "sealed_at": sealed_at, "up_to_transaction": bound, "entries": len(members), "previous": previous,
            "key_id": "kms/audit-2026",
        }
        seal["mac"] = previous = seal_mac(key, seal, members).hex()
        seals.append(seal)
    links, head = [], bytes(32)
    for entry in sorted(entries, key=lambda entry: entry["seq"]):
        head = link(head, entry)
        links.append({"seq": entry["seq"], "link": head.hex()})
    vectors = {"key": key.hex(), "entries": entries, "seals": seals, "links": links}
    target = Path(__file__).with_name("audit-chain-v1.vectors.json")
    target.write_text(json.dumps(vectors, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
