"""Passwords, and the signed bearer tokens that stand for a login."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import struct
import time
import uuid
from dataclasses import dataclass

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

LIFETIME = 3600
_HASHER = PasswordHasher()  # argon2id
_NOBODY = _HASHER.hash(secrets.token_urlsafe())


def hash_password(password: str) -> str:
    return _HASHER.hash(password)


def verify_password(password: str, stored: str | None) -> bool:
    """Takes as long when there is nobody to compare with."""
    try:
        return _HASHER.verify(stored or _NOBODY, password) and stored is not None
    except (VerificationError, InvalidHashError):
        return False


@dataclass(frozen=True, slots=True)
class Login:
    """Who acts, and the version of the account at the login: a new password or an erasure ends all sessions."""

    actor: uuid.UUID
    user: uuid.UUID
    version: int

    def sign(self, key: bytes, lifetime: int = LIFETIME) -> str:
        expires = int(time.time()) + lifetime
        body = self.actor.bytes + self.user.bytes + struct.pack(">QQ", self.version, expires)
        return base64.urlsafe_b64encode(body + hmac.digest(key, body, hashlib.sha256)).decode()

    @classmethod
    def read(cls, key: bytes, token: str) -> Login | None:
        try:
            raw = base64.b64decode(token, altchars=b"-_", validate=True)
        except ValueError:
            return None
        body, mac = raw[:48], raw[48:]
        if not hmac.compare_digest(mac, hmac.digest(key, body, hashlib.sha256)):
            return None
        version, expires = struct.unpack(">QQ", body[32:])
        if expires <= time.time():
            return None
        return cls(uuid.UUID(bytes=body[:16]), uuid.UUID(bytes=body[16:32]), version)
