"""What the environment says, and the keys that follow from the one secret."""

from __future__ import annotations

import hashlib
import hmac
import os
from dataclasses import dataclass, field
from pathlib import Path

from shop.core.crypto import StaticKeys


@dataclass(frozen=True)
class Settings:
    """Where the databases are: that of the application's role, and that of the role that may erase people."""

    database: str = field(repr=False)
    eraser: str = field(repr=False)
    secret: bytes = field(repr=False)
    outbox: Path | None = None

    @classmethod
    def from_environment(cls) -> Settings:
        secret = bytes.fromhex(os.environ["SHOP_SECRET"])
        if len(secret) < 32:
            raise ValueError("SHOP_SECRET needs 32 bytes: 64 hexadecimal digits")
        database, outbox = os.environ["DATABASE_URL"], os.environ.get("SHOP_OUTBOX")
        return cls(database, os.environ.get("ERASER_URL", database), secret, Path(outbox) if outbox else None)

    def key(self, purpose: str) -> bytes:
        """The key for one purpose; none tells anything about another."""
        return hmac.digest(self.secret, f"shop/{purpose}/1".encode(), hashlib.sha256)

    def keys(self) -> StaticKeys:
        return StaticKeys({"kek-1": self.key("kek")}, "kek-1", self.key("index"))
