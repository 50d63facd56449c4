"""What it costs to import a generated package, against the same models written by hand.

    python imports.py FOLDER PACKAGE [ROUNDS]

Every import has an interpreter of its own. Both take turns, so that a busy machine is busy for both, and what counts is the median of
the ratios of neighbours. The libraries are imported first and on the same clock, since whoever writes by hand needs them, too.
"""

from __future__ import annotations

import importlib
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from stats import interval, line, median

#: In a fresh interpreter: the libraries, what the support package needs besides, the package, its mappers.
CHILD = """
import time
start = time.perf_counter()
import sqlalchemy.ext.asyncio, sqlalchemy.orm, sqlalchemy.dialects.postgresql, pydantic
libraries = time.perf_counter()
{besides}
besides = time.perf_counter()
import {package}.models
tables = time.perf_counter()
import {package}.schemas
package = time.perf_counter()
sqlalchemy.orm.configure_mappers()
mappers = time.perf_counter()
{services}
services = time.perf_counter()
import json, resource
print(json.dumps(dict(libraries=libraries - start, besides=besides - libraries, package=package - besides, schemas=package - tables, mappers=mappers - package,
    services=services - mappers, whole=mappers - start, memory=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)))
"""
BESIDES = "from cryptography.hazmat.primitives.ciphers.aead import AESGCM"


def main() -> None:
    folder, package, rounds = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 9
    sys.dont_write_bytecode = True
    sys.path.insert(0, str(folder))
    write(folder, package)
    for warm in (True, False):
        measure(folder, package, rounds, warm=warm)


def write(folder: Path, package: str) -> None:
    """The same models by hand, and a look whether they are."""
    import by_hand
    from sqlalchemy.orm import configure_mappers

    models, schemas = importlib.import_module(f"{package}.models"), importlib.import_module(f"{package}.schemas")
    configure_mappers()
    by_hand.write(models, schemas, folder / "by_hand_models")
    hand = [importlib.import_module(f"by_hand_models.{name}") for name in ("models", "schemas")]
    configure_mappers()
    ours, theirs = said(models, schemas), said(*hand)
    if ours != theirs:
        odd = {key for key in ours.keys() | theirs.keys() if ours.get(key) != theirs.get(key)}
        raise SystemExit(f"what is written by hand is not the same: {sorted(odd)[:5]}")
    line(
        "classes, fields of schemas",
        f"{len(models.Base.registry.mappers)}, {len(ours) - len(models.Base.metadata.tables)}",
    )


def said(models: Any, schemas: Any) -> dict[str, Any]:
    """Tables with their columns, rules and indexes; classes with their relations; schemas with their fields."""
    found: dict[str, Any] = {}
    for table in models.Base.metadata.tables.values():
        columns = sorted((column.name, column.nullable, column.primary_key) for column in table.columns)
        keys = sorted((key.parent.name, key.target_fullname, str(key.ondelete)) for key in table.foreign_keys)
        indexes = sorted((str(index.name), index.unique, len(index.expressions)) for index in table.indexes)
        rules = sorted(type(rule).__name__ + "".join(str(getattr(rule, "sqltext", ""))) for rule in table.constraints)
        found[table.fullname] = (columns, keys, indexes, rules)
    for mapper in models.Base.registry.mappers:
        for relation in mapper.relationships:
            found[f"{mapper.class_.__name__}.{relation.key}"] = (relation.mapper.class_.__name__, relation.viewonly)
    for name in schemas.__all__:
        for field, info in getattr(schemas, name).model_fields.items():
            found[f"{name}.{field}"] = info.is_required()
    return found


def measure(folder: Path, package: str, rounds: int, *, warm: bool) -> None:
    children = {
        "generated": CHILD.format(besides=BESIDES, package=package, services=f"import {package}.models.services"),
        "by hand": CHILD.format(besides="pass", package="by_hand_models", services="pass"),
    }
    taken: dict[str, list[dict[str, float]]] = {name: [] for name in children}
    for turn in range(rounds + 1):
        for name in sorted(children, reverse=turn % 2 == 1):
            found = run(folder, children[name], warm=warm)
            if turn:
                taken[name].append(found)
    told(taken, "compiled before" if warm else "compiled anew")


def run(folder: Path, child: str, *, warm: bool) -> dict[str, float]:
    if not warm:
        for cache in folder.rglob("__pycache__"):
            shutil.rmtree(cache)
    flags = [] if warm else ["-B"]
    done = subprocess.run([sys.executable, *flags, "-c", child], cwd=folder, capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout))


def told(taken: dict[str, list[dict[str, float]]], how: str) -> None:
    ours, theirs = taken["generated"], taken["by hand"]
    for name, runs in taken.items():
        parts = {part: median([one[part] for one in runs]) for part in runs[0]}
        line(
            f"{how}, {name}: models, schemas, mappers",
            f"{(parts['package'] + parts['mappers']) * 1e3:.0f} ms",
            f"schemas {parts['schemas'] * 1e3:.0f} ms of it, mappers {parts['mappers'] * 1e3:.0f} ms",
        )
        line(
            "  the libraries before it",
            f"{(parts['libraries'] + parts['besides']) * 1e3:.0f} ms",
            f"cryptography {parts['besides'] * 1e3:.0f} ms of it",
        )
        line(
            "  peak memory",
            f"{parts['memory']:.0f} MB",
            f"sessions and services besides: {parts['services'] * 1e3:.0f} ms",
        )
    promised = "≤ 1.5 ×" if how == "compiled before" else ""
    pairs = list(zip(ours, theirs, strict=True))
    line(
        "  ratio", interval([(a["package"] + a["mappers"]) / (b["package"] + b["mappers"]) for a, b in pairs]), promised
    )
    line("  ratio with the libraries", interval([a["whole"] / b["whole"] for a, b in pairs]))
    line("  ratio of peak memory", interval([a["memory"] / b["memory"] for a, b in pairs]))


if __name__ == "__main__":
    main()
