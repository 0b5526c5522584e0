"""Encodes the columns of a month that bench/harness/month-columns.ts stored, with pyarrow in one thread.

    parquet_encode.py WAY COLUMNS LAKE

WAY: `tuned`, the month peer's encoding per column; `spark`, the same without byte stream split, which Spark's default
reader refuses; `default`, pyarrow's own choices under zstd 1. Prints a JSON line {rows, wallSeconds, cpuSeconds}, of
each encoding in turn.
"""

import json
import os
import sys
import time

import month_table
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

ENCODINGS = 6
ROW_GROUP_ROWS = 162_000
TYPES = dict(int8=pa.int8(), int64=pa.int64(), float=pa.float32(), double=pa.float64(), timestamp=pa.timestamp("us", "UTC"))
STORED = dict(int8=np.int8, float32=np.float32, float64=np.float64)

# for these a dictionary beats plain values in size, measured column by column, and costs little time
REPEATED = month_table.DICTIONARY + """volume distance_from_rth_high distance_from_rth_low short_range_size
medium_range_size return_30s return_60s return_300s volatility_regime""".split()
BASE = dict(compression="zstd", compression_level=1, store_schema=False, row_group_size=ROW_GROUP_ROWS)
LARGE = dict(dictionary_pagesize_limit=1 << 18, data_page_size=4 << 20, write_batch_size=1 << 16)
WAYS = dict(
    default=BASE,
    tuned=dict(BASE, **LARGE, use_dictionary=month_table.DICTIONARY, column_encoding=month_table.ENCODING),
    spark=dict(BASE, **LARGE, use_dictionary=REPEATED, column_encoding=dict(timestamp="DELTA_BINARY_PACKED")),
)


def column(folder, stored):
    """The array as the month peer hands it over: its own type, null bits only where something is missing."""
    field = stored["field"]
    kind = TYPES[field["type"]]
    raw = np.fromfile(os.path.join(folder, field["name"] + ".bin"), STORED[stored["storage"]])
    missing = np.isnan(raw) if stored["nanIsNull"] else np.zeros(0, bool)
    values = raw.astype(np.int64) if pa.types.is_timestamp(kind) or pa.types.is_int64(kind) else raw
    count = int(missing.sum())
    bits = pa.py_buffer(np.packbits(~missing, bitorder="little")) if count else None
    array = pa.Array.from_buffers(kind, len(values), [bits, pa.py_buffer(values)], count)
    return pa.field(field["name"], kind, nullable=count > 0), array


def main():
    way, folder, lake = sys.argv[1:]
    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)
    with open(os.path.join(folder, "columns.json")) as file:
        month = json.load(file)
    fields, arrays = zip(*(column(folder, stored) for stored in month["columns"]))
    table = pa.Table.from_arrays(list(arrays), schema=pa.schema(fields))
    walls, cpus = [], []
    for _ in range(ENCODINGS):
        wall, cpu = time.perf_counter(), time.process_time()
        sink = pa.BufferOutputStream()
        pq.write_table(table, sink, **WAYS[way])
        encoded = sink.getvalue()
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    os.makedirs(os.path.join(lake, "training_bars"))
    with open(os.path.join(lake, "training_bars", "month.parquet"), "wb") as file:
        file.write(encoded)
    print(json.dumps(dict(rows=len(table), wallSeconds=walls, cpuSeconds=cpus)))


main()
