"""What the package's own engines do that SQLAlchemy's do not."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from shop.core.session import create_engine


def test_a_statement_that_is_its_own_transaction_leaves_none_open(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'a.db'}")
    with engine.connect() as one, engine.begin() as other:
        alone = one.execution_options(isolation_level="AUTOCOMMIT")
        other.execute(sa.text("CREATE TABLE told (id INTEGER)"))
        # Neither waits for the other, which has begun.
        assert alone.scalar(sa.text("PRAGMA foreign_keys")) == 1
    with engine.connect() as one, engine.connect() as other:
        one.execution_options(isolation_level="AUTOCOMMIT").execute(sa.text("INSERT INTO told VALUES (1)"))
        other.execute(sa.text("INSERT INTO told VALUES (2)"))
        other.commit()
        assert other.scalars(sa.text("SELECT id FROM told ORDER BY id")).all() == [1, 2]
    engine.dispose()
