"""The application's own base of models: the models here are that, too, with tables, types and names of their own."""

from __future__ import annotations

from importlib import import_module
from inspect import get_annotations
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, MappedAsDataclass, MappedColumn, declared_attr
from sqlalchemy.orm.interfaces import MapperProperty

from app.core.database import Base as Root

__all__ = ["Root"]


def _is_column(name: str, value: Any) -> bool:
    """Whether it would become a column, a relation or an argument of every table."""
    if isinstance(value, declared_attr):
        return name != "__tablename__"
    return name in ("__table_args__", "__mapper_args__") or isinstance(value, MappedColumn | MapperProperty | sa.Column)


def _annotations(one: type[Any]) -> dict[str, Any]:
    read: Any = get_annotations
    try:
        return cast("dict[str, Any]", read(one))
    except NameError:  # a name for type checkers alone, which Python 3.14 looks up here
        return cast("dict[str, Any]", read(one, format=import_module("annotationlib").Format.STRING))


def _refuse(base: Any) -> None:
    """Says at import why a base cannot be the one of these models, so that no table silently gets what the database lacks."""
    name = f"`{base.__module__}.{base.__qualname__}`, the `base` in architrave.toml,"
    if not issubclass(base, DeclarativeBase):
        raise TypeError(f"{name} is no DeclarativeBase of SQLAlchemy 2: take the line out, or make it one")
    if issubclass(base, MappedAsDataclass) or hasattr(base, "__table__"):
        raise TypeError(f"{name} makes dataclasses, or is a model: the models need a plain DeclarativeBase")
    for one in base.__mro__[: base.__mro__.index(DeclarativeBase)]:
        found = {key for key, value in vars(one).items() if _is_column(key, value)}
        found |= {key for key, kind in _annotations(one).items() if "Mapped[" in str(kind)}
        if found:
            raise TypeError(
                f"{name} has {', '.join(sorted(found))} for every table; the schema says what tables have:"
                " move that into a mixin of your own models, or take the line out"
            )


_refuse(Root)
