#!/usr/bin/env bash
# What is emitted is Python that ruff and mypy --strict have nothing to say about, and that can be imported with warnings as errors:
# for every design of the fixtures, and for the names that get in the way.
#
#   crates/emit/tests/python.sh        needs the environment of examples/shop-api (its ./build makes it) and ARCHITRAVE, the program
set -euo pipefail
cd "$(dirname "$0")/../../.."

bin=$PWD/examples/shop-api/.venv/bin
architrave=${ARCHITRAVE:?the path of the program}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

cat > "$folder/try.py" <<'PYTHON'
"""Imports everything, configures all mappers, and asks each schema to describe itself."""
import importlib
import pkgutil

import models
import models.schemas as schemas
from pydantic import BaseModel
from sqlalchemy import orm

for module in pkgutil.walk_packages(models.__path__, "models."):
    importlib.import_module(module.name)
orm.configure_mappers()
for name in dir(schemas):
    schema = getattr(schemas, name)
    if isinstance(schema, type) and issubclass(schema, BaseModel):
        schema.model_json_schema()
        schema.model_validate
PYTHON

for schema in fixtures/design/*.arch fixtures/models/*.arch; do
    name=$(basename "$schema" .arch)
    project=$folder/$name
    mkdir -p "$project/schema"
    {
        grep -q '^project ' "$schema" || printf 'project shop {\n  database postgres, sqlite\n}\n'
        cat "$schema"
    } > "$project/schema/$name.arch"
    grep -q '^ *models ' "$project/schema/$name.arch" \
        || sed -i '0,/^ *database /s//  models sqlalchemy\n  database /' "$project/schema/$name.arch"
    # Everyone's personal data is refused; the types themselves are what is tried here.
    sed -i 's/^entity Everything public because "a list of types" {/entity Owner owns self { }\nentity Everything {\n  owned_by Owner @owner/' \
        "$project/schema/$name.arch"
    "$architrave" build "$project" > "$folder/said" 2>&1 || { cat "$folder/said"; exit 1; }
    (
        cd "$project"
        "$bin/ruff" check --isolated --quiet --line-length 120 --target-version py311 models migrations
        "$bin/ruff" format --isolated --check --quiet --line-length 120 --target-version py311 models migrations
        "$bin/mypy" --strict --no-error-summary --python-version 3.11 --cache-dir "$folder/mypy" models
        PYTHONPATH=. "$bin/python" -W error "$folder/try.py"
    ) || { echo "$name: what is emitted is not clean" >&2; exit 1; }
done
echo "$(ls fixtures/design/*.arch fixtures/models/*.arch | wc -l) packages are clean for ruff and mypy --strict"
