"""delta-rs on a table in a bucket: `append URI NAME COUNT` adds commits of one row each, `read URI` prints its rows."""

import json
import sys

import pyarrow as pa
from deltalake import DeltaTable, write_deltalake

do, uri, *rest = sys.argv[1:]
if do == "append":
    name, count = rest
    for serial in range(int(count)):
        write_deltalake(uri, pa.table({"writer": [name], "serial": pa.array([serial], pa.int64())}), mode="append")
        print(serial, flush=True)
else:
    table = DeltaTable(uri)
    rows = table.to_pyarrow_table().to_pylist()
    print(json.dumps({"version": table.version(), "rows": sorted(f"{r['writer']} {r['serial']}" for r in rows)}))
