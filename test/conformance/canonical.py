"""Rows of an Arrow table as text that Node makes too: a JSON array a row, sorted.

Times are microseconds since the epoch, dates ISO text, decimals text, doubles as JSON has them, or by name.
"""

import datetime
import decimal
import json
import math

EPOCH = datetime.datetime(1970, 1, 1)


def value(x):
    if isinstance(x, datetime.datetime):
        if x.tzinfo is not None:
            x = x.astimezone(datetime.timezone.utc).replace(tzinfo=None)
        return (x - EPOCH) // datetime.timedelta(microseconds=1)
    if isinstance(x, datetime.date):
        return x.isoformat()
    if isinstance(x, decimal.Decimal):
        return format(x, "f")
    if isinstance(x, (bytes, bytearray)):
        return x.hex()
    if isinstance(x, float):
        if math.isnan(x):
            return "NaN"
        if math.isinf(x):
            return "Infinity" if x > 0 else "-Infinity"
        return int(x) if x.is_integer() and abs(x) < 2**53 else x
    if isinstance(x, int) and not isinstance(x, bool) and abs(x) >= 2**53:
        return str(x)
    return x


def rows(table, columns):
    lists = [[value(x) for x in table.column(name).to_pylist()] for name in columns]
    texts = [json.dumps(list(row), ensure_ascii=False, separators=(",", ":")) for row in zip(*lists)]
    return sorted(texts)
