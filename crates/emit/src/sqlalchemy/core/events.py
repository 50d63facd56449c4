"""Security events go to the application's own function as well, after they were redacted."""

from __future__ import annotations

import inspect
import uuid
from collections.abc import Callable
from typing import Any, Final

from app.core.logging import log_security_event as theirs

#: By which of its parameters the function is told what.
_WORDS: Final = {
    "actor": ("actor", "actor_id", "user_id", "user"),
    "entity": ("entity",),
    "row": ("row", "row_id", "public_id"),
    "detail": ("detail", "details"),
}


def adapted(function: Callable[..., object]) -> Callable[[str, dict[str, Any]], None]:
    """How the function is called: the kind of the event first, the rest by name. What it has no parameter for goes into the detail."""
    name = f"`{function.__module__}.{function.__qualname__}`, the `log` in architrave.toml,"
    if inspect.iscoroutinefunction(function):
        raise TypeError(f"{name} is asynchronous: an event is logged before anybody awaits")
    parameters = list(inspect.signature(function).parameters.values())
    if not parameters or parameters[0].kind in (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.VAR_KEYWORD):
        raise TypeError(f"{name} has no first parameter for the kind of the event")
    rest = parameters[1:]
    takes_any = any(one.kind is one.VAR_KEYWORD for one in rest)
    named = {one.name: one for one in rest if one.kind in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY)}
    words: dict[str, str | None] = {}
    for what, known in _WORDS.items():
        words[what] = next((word for word in known if word in named), what if takes_any else None)
    asked = [one for one in named.values() if one.default is one.empty and one.name not in words.values()]
    asked += [one for one in rest if one.kind is one.POSITIONAL_ONLY and one.default is one.empty]
    if asked:
        raise TypeError(f"{name} asks for {', '.join(one.name for one in asked)}, which an event does not have")
    if words["detail"] is None:
        raise TypeError(f"{name} has no parameter `detail` or `details`")

    def call(kind: str, event: dict[str, Any]) -> None:
        detail = dict(event["detail"])
        said = {}
        for what, word in words.items():
            value = event[what]
            if what == "detail":
                continue
            if word is not None:
                said[word] = value
            elif value is not None:
                detail[what] = str(value) if isinstance(value, uuid.UUID) else value
        function(kind, **said, **{str(words["detail"]): detail})

    return call


tell: Final = adapted(theirs)
