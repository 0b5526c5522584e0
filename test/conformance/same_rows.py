"""Compares a Delta table as delta-rs reads it (or a Parquet file) with a Parquet file: same columns, rows, values, nulls.

    same_rows.py EXPECTED.parquet TABLE_FOLDER VERSION
    same_rows.py EXPECTED.parquet ACTUAL.parquet

Rows are put in the order of `timestamp`. Values must be equal to the bit. Prints a JSON object.
"""

import json
import sys

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq


def actual_table(args):
    if len(args) == 1:
        return pq.read_table(args[0], partitioning=None)
    from deltalake import DeltaTable

    return DeltaTable(args[0], version=int(args[1])).to_pyarrow_table()


def plain(column):
    """A column in a form in which equal values are equal arrays, whoever wrote them."""
    column = column.combine_chunks()
    if pa.types.is_timestamp(column.type):
        return column.cast(pa.timestamp("us", "UTC")).cast(pa.int64())
    if pa.types.is_dictionary(column.type) or pa.types.is_large_string(column.type) or pa.types.is_string_view(column.type):
        return column.cast(pa.string())
    return column


expected = pq.read_table(sys.argv[1], partitioning=None).sort_by("timestamp")
actual = actual_table(sys.argv[2:]).sort_by("timestamp")
different = [
    name
    for name in expected.column_names
    if name in actual.column_names and not plain(expected[name]).equals(plain(actual[name]))
]
print(
    json.dumps(
        {
            "rows": actual.num_rows,
            "sameRowCount": actual.num_rows == expected.num_rows,
            "sameColumns": sorted(actual.column_names) == sorted(expected.column_names),
            "different": different,
            "columns": len(expected.column_names),
            "valid": int(sum(pc.count(expected[name]).as_py() for name in expected.column_names)),
        }
    )
)
