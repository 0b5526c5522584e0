"""What parquet-cases.ts says a reader must find, compared with the Arrow table that a reader found."""
import decimal, math
import pyarrow as pa

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


def differences(name, expected, table):
    """where a table is not what the JSON beside its file says: a sentence for each column that differs"""
    if len(table) != expected['rowCount']: return [f"{name}: {len(table)} rows instead of {expected['rowCount']}"]
    wrong = []
    for i, column in enumerate(expected['columns']):
        kind = column['type']
        want = pa.decimal128(kind['precision'], kind['scale']) if isinstance(kind, dict) else TYPES[kind]
        if table.schema.field(i).type != want: wrong.append(f"{name} {column['name']}: type {table.schema.field(i).type} instead of {want}"); continue
        found = plain(kind, table[i])
        rows = [r for r, (a, b) in enumerate(zip(found, column['values'])) if not same(kind, a, b)]
        if rows: r = rows[0]; wrong.append(f"{name} {column['name']} row {r}: {found[r]!r} instead of {column['values'][r]!r} ({len(rows)} rows)")
    return wrong
