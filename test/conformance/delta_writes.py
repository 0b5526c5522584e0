"""delta-rs for the tests of writes of rows: a JSON list of steps on stdin, a JSON list of answers on stdout.

A step that delta-rs refuses answers {"error": text}.
"""

import json
import sys

import pyarrow as pa
from deltalake import DeltaTable, QueryBuilder, write_deltalake

from canonical import value


def table_of(rows):
    ids, closes, months = zip(*rows) if rows else ((), (), ())
    return pa.table({"id": pa.array(ids, pa.int64()), "close": pa.array(closes, pa.float64()), "month": pa.array(months, pa.string())})


def create(path, properties):
    write_deltalake(path, table_of([]), partition_by=["month"], configuration=properties)


def append(path, rows):
    write_deltalake(path, table_of(rows), mode="append")


def overwrite(path, rows, where):
    write_deltalake(path, table_of(rows), mode="overwrite", predicate=where)


def delete(path, where):
    DeltaTable(path).delete(where)


def update(path, where, close):
    DeltaTable(path).update(updates={"close": close}, predicate=where)


def merge(path, rows):
    (
        DeltaTable(path)
        .merge(table_of(rows), "target.id = source.id", source_alias="source", target_alias="target")
        .when_matched_delete("source.close < 0")
        .when_matched_update({"close": "source.close"})
        .when_not_matched_insert_all()
        .when_not_matched_by_source_delete("target.id = 0")
        .execute()
    )


def read(path):
    found = QueryBuilder().register("t", DeltaTable(path)).execute("SELECT id, close, month FROM t ORDER BY id")
    return [list(map(value, row.values())) for row in pa.table(found).to_pylist()]


answers = []
for request in json.load(sys.stdin):
    try:
        answers.append(globals()[request["do"]](**request["with"]))
    except Exception as error:  # noqa: BLE001
        answers.append({"error": f"{type(error).__name__}: {error}"[:2000]})
json.dump(answers, sys.stdout)
