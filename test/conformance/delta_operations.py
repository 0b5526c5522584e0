"""delta-rs for the tests of operations: a JSON list of steps on stdin, a JSON list of answers on stdout.

A step that delta-rs refuses answers {"error": text}, so that what it does not do is told apart from what it does.
"""

import json
import sys

import pyarrow as pa
from deltalake import DeltaTable, Field, QueryBuilder, write_deltalake
from deltalake.schema import PrimitiveType

from canonical import value


def rows_of(start, month):
    ids = list(range(start, start + 5))
    return pa.table({"id": pa.array(ids, pa.int64()), "close": pa.array([i / 2 for i in ids], pa.float64()), "month": pa.array([month] * 5)})


def create(path):
    write_deltalake(path, rows_of(0, "a").slice(0, 0), partition_by=["month"])


def append(path, start, month):
    write_deltalake(path, rows_of(start, month), mode="append", schema_mode="merge")


def overwrite(path, start, month):
    write_deltalake(path, rows_of(start, month), mode="overwrite", predicate=f"month = '{month}'")


def restore(path, version):
    DeltaTable(path).restore(version)


def vacuum(path):
    DeltaTable(path).vacuum(0, enforce_retention_duration=False, dry_run=False)


def add_column(path, name):
    DeltaTable(path).alter.add_columns([Field(name, PrimitiveType("string"))])


def add_constraint(path, name, expression):
    DeltaTable(path).alter.add_constraint({name: expression})


def drop_constraint(path, name):
    DeltaTable(path).alter.drop_constraint(name)


def set_properties(path, properties):
    DeltaTable(path).alter.set_table_properties(properties)


def read(path, sql):
    found = QueryBuilder().register("t", DeltaTable(path)).execute(sql)
    return [list(map(value, row.values())) for row in pa.table(found).to_pylist()]


def history(path):
    return [entry["operation"] for entry in DeltaTable(path).history()]


answers = []
for request in json.load(sys.stdin):
    try:
        answers.append(globals()[request["do"]](**request["with"]))
    except Exception as error:  # noqa: BLE001
        answers.append({"error": f"{type(error).__name__}: {error}"[:2000]})
json.dump(answers, sys.stdout)
