"""delta-rs for the tests: one JSON request on stdin, one JSON answer on stdout."""

import json
import pathlib
import sys

import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import CommitProperties, DeltaTable, QueryBuilder, write_deltalake
from deltalake import Transaction as AppTransaction

from canonical import rows, value


def read(path, columns, version=None):
    table = DeltaTable(path, version=version)
    return {"version": table.version(), "rows": rows(table.to_pyarrow_table(), columns)}


def describe(path):
    table = DeltaTable(path)
    protocol = table.protocol()
    return {
        "version": table.version(),
        "schema": json.loads(table.schema().to_json()),
        "partitionColumns": table.metadata().partition_columns,
        "name": table.metadata().name,
        "protocol": [protocol.min_reader_version, protocol.min_writer_version],
        "history": [{"version": h["version"], "operation": h["operation"], "parameters": h.get("operationParameters")} for h in table.history()],
    }


def at_time(path, time):
    table = DeltaTable(path)
    table.load_as_version(time)
    return table.version()


def files(path, filters):
    return sorted(DeltaTable(path).file_uris(partition_filters=[tuple(f) for f in filters] or None))


def stats(path):
    actions = pa.table(DeltaTable(path).get_add_actions(flatten=True))
    return [{name: value(x) for name, x in row.items()} for row in actions.to_pylist()]


def query(path, sql):
    found = QueryBuilder().register("t", DeltaTable(path)).execute(sql)
    return [list(map(value, row.values())) for row in pa.table(found).to_pylist()]


def append(path, parquet, app=None):
    properties = CommitProperties(app_transactions=[AppTransaction(*app)]) if app else None
    write_deltalake(path, pq.read_table(parquet, partitioning=None), mode="append", commit_properties=properties)
    return DeltaTable(path).version()


def overwrite(path, parquet, predicate):
    write_deltalake(path, pq.read_table(parquet, partitioning=None), mode="overwrite", predicate=predicate)
    return DeltaTable(path).version()


def delete(path, predicate):
    table = DeltaTable(path)
    table.delete(predicate)
    return table.version()


def checkpoint(path):
    DeltaTable(path).create_checkpoint()


def create(path, parquet, partition_by):
    write_deltalake(path, pq.read_table(parquet, partitioning=None), partition_by=partition_by)


request = json.load(sys.stdin)
answer = globals()[request["do"]](**request["with"])
json.dump(answer, sys.stdout)
