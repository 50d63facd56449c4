"""Makes envelope-v1.vectors.json: an implementation of envelope-v1.md that shares no code with the others."""

import base64
import hashlib
import hmac
import json
import struct
import uuid

from cryptography.hazmat.primitives.ciphers.aead import AESGCM


def lp(data: bytes) -> bytes:
    return struct.pack(">H", len(data)) + data


def envelope(key, key_id, nonce, table, column, public_id, plain):
    aad = lp(b"architrave/envelope/1") + lp(table) + lp(column) + public_id + key_id
    return b"\x01" + key_id + nonce + AESGCM(key).encrypt(nonce, plain, aad)


def wrap(kek, kek_id, nonce, key_id, key):
    return b"\x01" + lp(kek_id) + nonce + AESGCM(kek).encrypt(nonce, key, lp(b"architrave/wrap/1") + key_id)


def blind(key, table, column, value):
    return hmac.new(key, lp(b"architrave/blind/1") + lp(table) + lp(column) + value, hashlib.sha256).digest()


def stream(label: str, length: int) -> bytes:
    return hashlib.shake_256(label.encode()).digest(length)


def main():
    vectors = {"envelope": [], "wrap": [], "blind": [], "token": []}
    for number, plain in enumerate(["", "1990-02-28", "Zoë 🦀", "x" * 1000]):
        key, nonce = stream(f"key{number}", 32), stream(f"nonce{number}", 12)
        key_id, public_id = (uuid.UUID(bytes=stream(f"{what}{number}", 16), version=4).bytes for what in ("id", "row"))
        table, column = ("users", "birth_date") if number < 2 else ("größe", "a" * 63)
        sealed = envelope(key, key_id, nonce, table.encode(), column.encode(), public_id, plain.encode())
        vectors["envelope"].append({
            "key": key.hex(), "key_id": key_id.hex(), "nonce": nonce.hex(), "table": table, "column": column,
            "public_id": public_id.hex(), "plain": plain, "sealed": sealed.hex(),
        })
        kek_id = ["k", "kms/2026-01", "ключ", "x" * 255][number]
        wrapped = wrap(stream(f"kek{number}", 32), kek_id.encode(), nonce, key_id, key)
        vectors["wrap"].append({
            "kek": stream(f"kek{number}", 32).hex(), "kek_id": kek_id, "nonce": nonce.hex(), "key_id": key_id.hex(),
            "key": key.hex(), "wrapped": wrapped.hex(),
        })
    for raw, normal in [("  Ada@Example.ORG\n", "ada@example.org"), ("ÄRGER@x.de", "Ärger@x.de")]:
        key = stream("index", 32)
        vectors["blind"].append({
            "key": key.hex(), "table": "users", "column": "email", "raw": raw, "normal": normal,
            "index": blind(key, b"users", b"email", normal.encode()).hex(),
        })
    for number in range(3):
        token = stream(f"token{number}", 32)
        vectors["token"].append({
            "shown": base64.urlsafe_b64encode(token).rstrip(b"=").decode(), "stored": hashlib.sha256(token).hexdigest(),
        })
    print(json.dumps(vectors, ensure_ascii=False, indent=2))


main()
