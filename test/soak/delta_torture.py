"""What delta-rs reads of a tortured table: its version, and for each writer count and sums, as JSON."""

import json
import sys

from deltalake import DeltaTable, QueryBuilder

table = DeltaTable(sys.argv[1])
sql = "SELECT writer, count(*) AS n, sum(amount) AS amount, sum(id * amount) AS weighted FROM t GROUP BY writer"
rows = QueryBuilder().register("t", table).execute(sql).read_all()
sums = {w: [n, a, x] for w, n, a, x in zip(*(rows.column(c).to_pylist() for c in ("writer", "n", "amount", "weighted")))}
print(json.dumps({"version": table.version(), "sums": sums}))
