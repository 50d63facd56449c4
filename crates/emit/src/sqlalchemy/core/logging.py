"""Security events: structured, and redacted before they are written anywhere."""

from __future__ import annotations

import logging
import re
import uuid
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from .database import Base

_LOG: Final = logging.getLogger("architrave.security")
_WORD: Final = re.compile(r"[a-z][a-z_]{0,31}")


def redacted(detail: Mapping[str, Any] | None) -> dict[str, Any]:
    """What may stand in a log: truth values, small whole numbers and code words. The database keeps the same rule. Under the name of a
    field that the schema calls personal or secret, nothing but whether there was something."""
    private = _private(len(Base.registry.mappers)) if detail else frozenset()
    pairs = ((name, value) for name, value in (detail or {}).items() if _WORD.fullmatch(name))
    return {name: _code(value, private=name in private) for name, value in pairs}


@lru_cache(maxsize=1)
def _private(classes: int) -> frozenset[str]:
    """Names of columns and attributes that have a class of privacy, as long as no more classes are mapped."""
    return frozenset(
        name
        for mapper in Base.registry.mappers
        for key, column in mapper.columns.items()
        if "privacy" in column.info
        for name in (key, column.name)
    )


def _code(value: Any, *, private: bool) -> Any:
    match value:
        case None | bool():
            return value
        case _ if private:
            return "redacted"
        case int() if -1_000_000 < value < 1_000_000:
            return value
        case str() if _WORD.fullmatch(value):
            return value
    return "redacted"


def log_security_event(
    kind: str,
    *,
    actor: uuid.UUID | None = None,
    entity: str | None = None,
    row: uuid.UUID | None = None,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Writes an event to the log `architrave.security`, as fields of the record."""
    if not _WORD.fullmatch(kind):
        raise ValueError("the kind of an event is a word in lower case")
    event = {
        "kind": kind,
        "actor": str(actor) if actor else None,
        "entity": entity,
        "row": str(row) if row else None,
        "detail": redacted(detail),
    }
    _LOG.info("%s", kind, extra={"event": event})
