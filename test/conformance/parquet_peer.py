"""Reads the files that parquet-cases.ts wrote with pyarrow, checksums verified, and compares them with the JSON beside
them; then compares the statistics and the page indexes in their footers with the values.

  parquet_peer.py FOLDER    prints a JSON line {files, columns, statistics, differences: [...]}
"""
import datetime as dt, glob, json, math, os, sys
import pyarrow.parquet as pq
import parquet_values

folder = sys.argv[1]
found, counts = [], dict(files=0, columns=0, statistics=0)
EPOCH = dt.date(1970, 1, 1)


def number(kind, x):
    """a value or bound as something that sorts"""
    if x is None: return None
    if isinstance(kind, dict): return int(x.scaleb(kind['scale'])) if hasattr(x, 'scaleb') else int(x)
    if kind == 'date': return (x - EPOCH).days if isinstance(x, dt.date) else int(x)
    if kind == 'boolean': return x if isinstance(x, bool) else x == 'true'
    if kind == 'string': return x.encode() if isinstance(x, str) else x
    if kind == 'binary': return bytes.fromhex(x) if isinstance(x, str) else x
    if kind in ('float', 'double'): return float(x)
    return int(x)


def check_statistics(name, column, metadata, values):
    kind = column['type']; known = [number(kind, x) for x in values if x is not None]
    # a column with NaN has no upper bound (readers differ on where NaN lies), so pyarrow sees no bounds
    if kind in ('float', 'double') and any(math.isnan(x) for x in known): known = []
    s = metadata.statistics; nulls = sum(x is None for x in values)
    if s is None or s.null_count != nulls: found.append(f"{name} {column['name']}: nulls {s and s.null_count} instead of {nulls}"); return
    if s.has_min_max != bool(known): found.append(f"{name} {column['name']}: bounds {s.has_min_max}, values {len(known)}"); return
    if not known: return
    counts['statistics'] += 1
    if isinstance(kind, dict) or str(kind).startswith('timestamp'): lo, hi = s.min_raw, s.max_raw
    else: lo, hi = number(kind, s.min), number(kind, s.max)
    if isinstance(kind, dict) and isinstance(lo, bytes): lo, hi = (int.from_bytes(b, 'big', signed=True) for b in (lo, hi))
    exact = kind not in ('string', 'binary') or max(len(min(known)), len(max(known))) <= 64
    if (lo, hi) != (min(known), max(known)) if exact else not (lo <= min(known) and max(known) <= hi):
        found.append(f"{name} {column['name']}: bounds {lo!r} {hi!r} instead of {min(known)!r} {max(known)!r}")


for path in sorted(glob.glob(os.path.join(folder, '*.json'))):
    name = os.path.basename(path)[:-5]; expected = json.load(open(path)); counts['files'] += 1
    file = pq.ParquetFile(path[:-5] + '.parquet', page_checksum_verification=True)
    table = file.read()
    found += parquet_values.differences(name, expected, table)
    if len(table) != expected['rowCount']: continue
    for i, column in enumerate(expected['columns']):
        counts['columns'] += 1; start = 0
        for g in range(file.metadata.num_row_groups):
            group = file.metadata.row_group(g); chunk = group.column(i); rows = group.num_rows
            if not chunk.has_offset_index: found.append(f"{name} {column['name']}: no offset index")
            check_statistics(name, column, chunk, column['values'][start:start + rows]); start += rows
print(json.dumps(dict(counts, differences=found[:20])))
