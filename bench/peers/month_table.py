"""The month peer's output: Arrow columns over the kernels' arrays, Parquet files, commits to the Delta table."""

import json
import os
import time
import uuid

import month_kernels as kernels
import numpy as np

# What was fastest, or much smaller at nearly the same speed, on a full month: dictionary, byte stream split, else plain.
DICTIONARY = """volume_slope_5s atr_30s atr_300s volatility_acceleration atr_percentile bar_range relative_bar_size
uptick_pct_30s uptick_pct_60s bar_flow_consistency directional_strength""".split()
SPLIT = """open high low close volume volume_ratio_30s volume_slope_30s volume_exhaustion vwap distance_from_vwap_pct
vwap_slope distance_from_rth_high distance_from_rth_low short_range_high short_range_low short_range_size
medium_range_high medium_range_low medium_range_size return_300s momentum_acceleration momentum_consistency
volatility_regime volatility_breakout""".split()
ENCODING = {"timestamp": "DELTA_BINARY_PACKED", **dict.fromkeys(SPLIT, "BYTE_STREAM_SPLIT")}
STATISTICS_COLUMNS = 32
PRICES = ("open", "high", "low", "close")


def columns():
    """(name, Arrow type, null possible) of the table's columns in order"""
    import pyarrow as pa

    yield "timestamp", pa.timestamp("us", "UTC"), False
    for name in PRICES:
        yield name, pa.float64(), False
    yield "volume", pa.int64(), False
    for mode in kernels.MODES:
        yield f"label_{mode[0]}", pa.int8(), False
        yield f"weight_{mode[0]}", pa.float32(), False
    for name in kernels.FEATURES:
        is_byte = name in kernels.BYTE_FEATURES
        yield name, pa.int8() if is_byte else pa.float32(), not is_byte


def arrow_table(grid):
    """No bytes are copied. A column in which nothing is missing is stored as required: no null bits to encode."""
    import pyarrow as pa

    n = grid.row_count
    arrays = {"timestamp": grid.ts, "volume": grid.V}
    arrays.update(zip(PRICES, grid.prices))
    for m, mode in enumerate(kernels.MODES):
        arrays[f"label_{mode[0]}"], arrays[f"weight_{mode[0]}"] = grid.label[m], grid.weight[m]
    arrays.update(zip(kernels.BYTE_FEATURES, grid.B))
    arrays.update(zip(kernels.FLOAT_FEATURES, grid.F))
    missing = dict(zip(kernels.FLOAT_FEATURES, zip(grid.known, grid.unknown.tolist())))
    fields, values = [], []
    for name, kind, _ in columns():
        bits, count = missing.get(name, (None, 0))
        buffers = [pa.py_buffer(bits) if count else None, pa.py_buffer(arrays[name][:n])]
        fields.append(pa.field(name, kind, nullable=count > 0))
        values.append(pa.Array.from_buffers(kind, n, buffers, count))
    return pa.Table.from_arrays(values, schema=pa.schema(fields))


def table_schema():
    import pyarrow as pa

    fields = [pa.field(name, kind) for name, kind, _ in columns()]
    return pa.schema([*fields, pa.field("month", pa.string())])


def statistics_of(metadata, row_count):
    group = metadata.row_group(0)
    least, most, nulls = {}, {}, {}
    for k in range(STATISTICS_COLUMNS):
        column = group.column(k)
        found = column.statistics
        name = column.path_in_schema
        nulls[name] = found.null_count or 0
        if found.has_min_max:
            bounds = [found.min, found.max]
            if name == "timestamp":
                bounds = [bound.strftime("%Y-%m-%dT%H:%M:%S.%fZ") for bound in bounds]
            least[name], most[name] = bounds
    return json.dumps(dict(numRecords=row_count, minValues=least, maxValues=most, nullCount=nulls))


def write_file(table, uri, month, level=1):
    """One Parquet file of the month; returns its add action. Not part of the table until committed."""
    import pyarrow.parquet as pq
    from deltalake.transaction import AddAction

    folder = os.path.join(uri, f"month={month}")
    os.makedirs(folder, exist_ok=True)
    name = f"{uuid.uuid4()}.zstd.parquet"
    path = os.path.join(folder, name)
    written = []
    pq.write_table(
        table,
        path,
        row_group_size=max(1, len(table)),
        compression="zstd",
        compression_level=level,
        use_dictionary=DICTIONARY,
        column_encoding=ENCODING,
        dictionary_pagesize_limit=1 << 18,
        data_page_size=4 << 20,
        write_batch_size=1 << 16,
        store_schema=False,
        metadata_collector=written,
    )
    statistics = statistics_of(written[0], len(table))
    values = {"month": month}
    return AddAction(
        f"month={month}/{name}", os.path.getsize(path), values, int(time.time() * 1000), True, statistics
    )


def open_table(uri):
    import deltalake

    if not os.path.isdir(os.path.join(uri, "_delta_log")):
        deltalake.DeltaTable.create(uri, table_schema(), partition_by=["month"])
    return deltalake.DeltaTable(uri)


def commit(uri, month, adds):
    """Replaces the month: its old files leave the table in the commit in which the new ones enter."""
    filters = [("month", "=", month)]
    open_table(uri).create_write_transaction(adds, "overwrite", table_schema(), ["month"], filters)


class Grid:
    """A stretch of the grid with everything derived from it. The arrays are kept and reused, since fresh memory costs
    more than what is written to it."""

    def __init__(self, capacity):
        self.capacity = capacity
        self.row_count = 0
        self.source = np.empty(capacity, np.int32)
        self.O, self.H, self.L, self.C = (np.empty(capacity, np.int32) for _ in range(4))
        self.V = np.empty(capacity, np.int64)
        self.ts = np.empty(capacity, np.int64)
        self.seconds = np.empty(capacity, np.int32)
        self.prices = np.empty((4, capacity), np.float64)
        self.label = np.empty((len(kernels.MODES), capacity), np.int8)
        self.weight = np.empty((len(kernels.MODES), capacity), np.float32)
        self.F = np.empty((len(kernels.FLOAT_FEATURES), capacity), np.float32)
        self.B = np.empty((len(kernels.BYTE_FEATURES), capacity), np.int8)
        self.known = np.empty((len(kernels.FLOAT_FEATURES), (capacity + 7) // 8), np.uint8)
        self.unknown = np.empty(len(kernels.FLOAT_FEATURES), np.int64)

    def derive(self, scopes, rolls, decay_rows, decays):
        """Everything that follows from the rows' prices, volumes and times. `rolls`: affected stretches [from, to)."""
        modes = (kernels.MODE_SHORT, kernels.MODE_STOP, kernels.MODE_TARGET)
        kernels.derive(
            self.O, self.H, self.L, self.C, self.V, self.ts, self.seconds,
            np.asarray(scopes, np.int64).reshape(-1, 2), np.asarray(rolls, np.int64).reshape(-1, 2),
            np.asarray(decay_rows, np.int64), np.asarray(decays, np.float64), modes,
            self.label, self.weight, self.F, self.B, self.known, self.unknown, self.prices,
        )  # fmt: skip
