"""Which rows somebody sees and may change, where the database itself hides none and keeps nobody from any."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.orm import LoaderCriteriaOption, ORMExecuteState, with_loader_criteria

from .database import Mortal, OfTenant, Owned
from .errors import Forbidden
from .project import TENANTS

#: The dead are out of sight, on every database.
ALIVE: Final = with_loader_criteria(Mortal, lambda cls: cls.deleted_at.is_(None), include_aliases=True)


@dataclass(frozen=True)
class Scope:
    """The rows of somebody, and those of others that the schema opens to everyone."""

    user: Any
    readable: Sequence[LoaderCriteriaOption]
    changeable: Sequence[LoaderCriteriaOption]
    deletable: Sequence[LoaderCriteriaOption]

    @classmethod
    def of(cls, user: Any, tenant: Any) -> Scope:
        own = []
        if TENANTS:
            own.append(with_loader_criteria(OfTenant, lambda t: t.tenant_id == tenant, include_aliases=True))
        return cls(
            user,
            [
                *own,
                with_loader_criteria(
                    Owned, lambda t: sa.or_(t.owner_key() == user, t.__readable__()), include_aliases=True
                ),
            ],
            [
                *own,
                with_loader_criteria(
                    Owned, lambda t: sa.or_(t.owner_key() == user, t.__changeable__()), include_aliases=True
                ),
            ],
            [
                *own,
                with_loader_criteria(
                    Owned, lambda t: sa.or_(t.owner_key() == user, t.__deletable__()), include_aliases=True
                ),
            ],
        )

    def options(self, state: ORMExecuteState) -> Sequence[LoaderCriteriaOption]:
        """What is added to a statement."""
        if state.is_update:
            return self.changeable
        return self.deletable if state.is_delete else self.readable

    def guard(self, session: orm.Session) -> None:
        """Refuses to change or delete rows of others, unless they are open to everyone for that."""
        for row in (*session.dirty, *session.deleted):
            if isinstance(row, Owned) and session.is_modified(row):
                self._own_or_open(session, row)

    def _own_or_open(self, session: orm.Session, row: Owned) -> None:
        model, known = type(row), sa.inspect(row)
        owner = known.committed_state.get(row.__owner__, getattr(row, row.__owner__))
        if self.user is not None and str(owner) == str(self.user):  # SQLite answers UUIDs as texts
            return
        dies = row in session.deleted or "deleted_at" in known.committed_state
        mapper = sa.inspect(model)
        key = zip(mapper.primary_key, mapper.primary_key_from_instance(row), strict=True)
        opened = model.__deletable__() if dies else model.__changeable__()
        allowed = sa.select(sa.literal(1)).where(*(column == value for column, value in key), opened)
        if session.connection().execute(allowed).first() is None:
            raise Forbidden(rule="owner")
