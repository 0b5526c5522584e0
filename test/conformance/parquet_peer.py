"""Reads the files that parquet-cases.ts wrote with pyarrow, checksums verified, and compares them with the JSON beside
them; then compares the statistics and the page indexes in their footers with the values.

  parquet_peer.py FOLDER    prints a JSON line {files, columns, statistics, differences: [...]}
"""
import datetime as dt, decimal, glob, json, math, os, sys
import pyarrow as pa, pyarrow.parquet as pq

folder = sys.argv[1]
differences, counts = [], dict(files=0, columns=0, statistics=0)
EPOCH = dt.date(1970, 1, 1)
decimal.getcontext().prec = 80


def same(kind, found, text):
    if found is None or text is None: return found is None and text is None
    if kind in ('float', 'double'):
        want = float(text.replace('Infinity', 'inf'))
        return math.isnan(found) if math.isnan(want) else found == want and math.copysign(1, found) == math.copysign(1, want)
    return found == text


def plain(kind, column):
    """values as the JSON has them: integers and bytes as text, floats as they are"""
    if isinstance(kind, dict): return [None if x is None else str(int(x.scaleb(kind['scale']))) for x in column.to_pylist()]
    if kind == 'boolean': return [None if x is None else str(x).lower() for x in column.to_pylist()]
    if kind == 'binary': return [None if x is None else x.hex() for x in column.to_pylist()]
    if kind == 'date': return [None if x is None else str(x) for x in column.cast(pa.int32()).to_pylist()]
    if kind.startswith('timestamp'): return [None if x is None else str(x) for x in column.cast(pa.int64()).to_pylist()]
    if kind in ('float', 'double', 'string'): return column.to_pylist()
    return [None if x is None else str(x) for x in column.to_pylist()]


TYPES = dict(boolean=pa.bool_(), int8=pa.int8(), int16=pa.int16(), int32=pa.int32(), int64=pa.int64(), float=pa.float32(), double=pa.float64(),
             string=pa.string(), binary=pa.binary(), date=pa.date32(), timestamp=pa.timestamp('us', 'UTC'), timestamp_ntz=pa.timestamp('us'), timestamp_nanos=pa.timestamp('ns', 'UTC'))


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
    if kind in ('float', 'double'): known = [x for x in known if not math.isnan(x)]
    s = metadata.statistics; nulls = sum(x is None for x in values)
    if s is None or s.null_count != nulls: differences.append(f"{name} {column['name']}: nulls {s and s.null_count} instead of {nulls}"); return
    if s.has_min_max != bool(known): differences.append(f"{name} {column['name']}: bounds {s.has_min_max}, values {len(known)}"); return
    if not known: return
    counts['statistics'] += 1
    if isinstance(kind, dict) or str(kind).startswith('timestamp'): lo, hi = s.min_raw, s.max_raw
    else: lo, hi = number(kind, s.min), number(kind, s.max)
    if isinstance(kind, dict) and isinstance(lo, bytes): lo, hi = (int.from_bytes(b, 'big', signed=True) for b in (lo, hi))
    exact = kind not in ('string', 'binary') or max(len(min(known)), len(max(known))) <= 64
    if (lo, hi) != (min(known), max(known)) if exact else not (lo <= min(known) and max(known) <= hi):
        differences.append(f"{name} {column['name']}: bounds {lo!r} {hi!r} instead of {min(known)!r} {max(known)!r}")


for path in sorted(glob.glob(os.path.join(folder, '*.json'))):
    name = os.path.basename(path)[:-5]; expected = json.load(open(path)); counts['files'] += 1
    file = pq.ParquetFile(path[:-5] + '.parquet', page_checksum_verification=True)
    table = file.read()
    if len(table) != expected['rowCount']: differences.append(f"{name}: {len(table)} rows instead of {expected['rowCount']}"); continue
    for i, column in enumerate(expected['columns']):
        kind = column['type']; counts['columns'] += 1
        want = pa.decimal128(kind['precision'], kind['scale']) if isinstance(kind, dict) else TYPES[kind]
        if table.schema.field(i).type != want: differences.append(f"{name} {column['name']}: type {table.schema.field(i).type} instead of {want}"); continue
        found = plain(kind, table[i])
        wrong = [r for r, (a, b) in enumerate(zip(found, column['values'])) if not same(kind, a, b)]
        if wrong: r = wrong[0]; differences.append(f"{name} {column['name']} row {r}: {found[r]!r} instead of {column['values'][r]!r} ({len(wrong)} rows)")
        start = 0
        for g in range(file.metadata.num_row_groups):
            group = file.metadata.row_group(g); chunk = group.column(i); rows = group.num_rows
            if not chunk.has_offset_index: differences.append(f"{name} {column['name']}: no offset index")
            check_statistics(name, column, chunk, column['values'][start:start + rows]); start += rows
print(json.dumps(dict(counts, differences=differences[:20])))
