"""delta-rs on the workloads of bench/delta.ts.

    delta.py prepare FOLDER ROWS INPUT ...  makes the inputs named that are not there yet
    delta.py run WORKLOAD TABLE ROWS        one JSON line {seconds, cpuSeconds, peakBytes, facts}

The library and, for a write, its rows are in memory before the clock starts.
"""

import datetime as dt
import json
import os
import resource
import shutil
import sys
import time

import numpy as np
import pyarrow as pa
from deltalake import DeltaTable, PostCommitHookProperties, QueryBuilder, write_deltalake

START = dt.datetime(2024, 1, 1, tzinfo=dt.timezone.utc)
START_S = int(START.timestamp())
ASSETS = 20
PRICES = ["open", "high", "low", "close"]
NO_CHECKPOINT = PostCommitHookProperties(create_checkpoint=False)


def bars(first, last, seed=7):
    """Bars of the minutes [first, last) of every asset, in the order of time."""
    random = np.random.default_rng([seed, first])
    count = (last - first) * ASSETS
    asset = np.tile(np.arange(ASSETS, dtype=np.int32), last - first)
    timestamp = np.repeat(START_S + 60 * np.arange(first, last, dtype=np.int64), ASSETS) * 1_000_000
    level = 10.0 ** (asset % 5)
    prices = [np.round(level * (1 + 0.002 * random.standard_normal(count)), 5) for _ in PRICES]
    names = pa.array([f"A{i:02d}/USDT" for i in range(ASSETS)])
    exchanges = pa.array(["binance", "coinbase", "kraken"])
    text = lambda codes, values: pa.DictionaryArray.from_arrays(pa.array(codes), values).cast(pa.string())
    return pa.table(
        {
            "asset_pair": text(asset, names),
            "exchange": text(asset % 3, exchanges),
            "timestamp": pa.array(timestamp, pa.timestamp("us", "UTC")),
            **{name: pa.array(values) for name, values in zip(PRICES, prices)},
            "volume": pa.array(np.round(random.exponential(50, count), 6)),
        }
    )


def log_of(folder):
    log = os.path.join(folder, "_delta_log")
    os.makedirs(log, exist_ok=True)
    return log


def commit(log, version, actions):
    with open(os.path.join(log, f"{version:020d}.json"), "w") as file:
        file.write("".join(json.dumps(action, separators=(",", ":")) + "\n" for action in actions))


def head():
    types = {"asset_pair": "string", "exchange": "string", "timestamp": "timestamp", **dict.fromkeys([*PRICES, "volume"], "double")}
    fields = [{"name": name, "type": kind, "nullable": True, "metadata": {}} for name, kind in types.items()]
    metadata = {"id": "00000000-0000-4000-8000-000000000000", "format": {"provider": "parquet", "options": {}}, "schemaString": json.dumps({"type": "struct", "fields": fields}), "partitionColumns": [], "configuration": {}, "createdTime": START_S * 1000}
    return [{"protocol": {"minReaderVersion": 1, "minWriterVersion": 2}}, {"metaData": metadata}]


def add(number):
    at = lambda seconds: (START + dt.timedelta(seconds=60 * number + seconds)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    price = 100 + number * 7919 % 1000 / 10
    low = {"asset_pair": "A00/USDT", "exchange": "binance", "timestamp": at(0), **dict.fromkeys(PRICES, price), "volume": 0.5}
    high = {"asset_pair": "A19/USDT", "exchange": "kraken", "timestamp": at(59), **dict.fromkeys(PRICES, price + 5), "volume": 900.5}
    stats = {"numRecords": 1000, "minValues": low, "maxValues": high, "nullCount": dict.fromkeys(low, 0)}
    return {"add": {"path": f"part-{number:06d}.parquet", "partitionValues": {}, "size": 40_000 + number % 977, "modificationTime": (START_S + number) * 1000, "dataChange": True, "stats": json.dumps(stats, separators=(",", ":"))}}


def replay(folder):
    log = log_of(folder)
    commit(log, 0, head())
    for version in range(1, 10_000):
        commit(log, version, [{"commitInfo": {"timestamp": (START_S + version) * 1000, "operation": "WRITE"}}, add(version)])


def replay_checkpoint(folder):
    replay(folder)
    DeltaTable(folder, version=9_990).create_checkpoint()


def open_100k(folder):
    log = log_of(folder)
    commit(log, 0, head())
    commit(log, 1, [add(number) for number in range(100_000)])
    DeltaTable(folder).create_checkpoint()
    os.remove(os.path.join(log, f"{0:020d}.json"))


def table(folder, row_count):
    """A hundred files in the order of time, each with every asset."""
    minutes = row_count // ASSETS
    step = -(-minutes // 100)
    for first in range(0, minutes, step):
        write_deltalake(folder, bars(first, min(first + step, minutes)), mode="append", post_commithook_properties=NO_CHECKPOINT)


def prepare(folder, row_count, wanted):
    made = {"replay": replay, "replay-checkpoint": replay_checkpoint, "open-100k": open_100k, f"table-{row_count}": lambda path: table(path, row_count)}
    for name, make in made.items():
        path = os.path.join(folder, name)
        wants_table = name.startswith("table") and {"table", "zordered"} & wanted
        if os.path.exists(path) or not (name in wanted or wants_table):
            continue
        half = path + ".half"
        shutil.rmtree(half, ignore_errors=True)
        os.makedirs(half)
        make(half)
        os.rename(half, path)


def opening(path, _):
    return lambda: {"files": len(DeltaTable(path).file_uris())}


def append(path, _):
    rows = bars(0, 1_000_000 // ASSETS)

    def work():
        write_deltalake(path, rows)
        return {"rows": len(rows)}

    return work


def zorder(path, _):
    def work():
        metrics = DeltaTable(path).optimize.z_order(["asset_pair", "timestamp"], target_size=64 << 20)
        return {"filesRemoved": metrics["numFilesRemoved"]}

    return work


MERGED_MINUTES = 500_000 // ASSETS


def bars_at(minutes):
    """Bars of every asset at these minutes; half of them are updates."""
    count = len(minutes) * ASSETS
    asset = np.tile(np.arange(ASSETS), len(minutes))
    timestamp = np.repeat(START_S + 60 * np.asarray(minutes, np.int64), ASSETS) * 1_000_000
    columns = {name: pa.array((np.arange(count) * 7919 + i) % 100_000 / 1000) for i, name in enumerate([*PRICES, "volume"])}
    names = pa.array([f"A{i:02d}/USDT" for i in range(ASSETS)]).take(pa.array(asset))
    exchanges = pa.array(["binance", "coinbase", "kraken"]).take(pa.array(asset % 3))
    return pa.table({"asset_pair": names, "exchange": exchanges, "timestamp": pa.array(timestamp, pa.timestamp("us", "UTC")), **columns})


def merging(updated):
    def prepare(path, row_count):
        minutes = row_count // ASSETS
        rows = bars_at([updated(i, minutes) for i in range(MERGED_MINUTES)] + [minutes + i for i in range(MERGED_MINUTES)])

        def work():
            on = "target.asset_pair = source.asset_pair AND target.timestamp = source.timestamp"
            merge = DeltaTable(path).merge(rows, on, source_alias="source", target_alias="target")
            metrics = merge.when_matched_update_all().when_not_matched_insert_all().execute()
            return {"updated": metrics["num_target_rows_updated"], "inserted": metrics["num_target_rows_inserted"]}

        return work

    return prepare


def delete(path, _):
    return lambda: {"deleted": DeltaTable(path).delete("volume > 230.25")["num_deleted_rows"]}


def scan(path, _):
    return lambda: {"rows": QueryBuilder().register("t", DeltaTable(path)).execute("SELECT * FROM t").read_all().num_rows}


def scan_batches(path, _):
    def work():
        batches = QueryBuilder().register("t", DeltaTable(path)).execute("SELECT * FROM t")
        return {"rows": sum(batch.num_rows for batch in batches)}

    return work


def scan_aggregate(path, _):
    sums = ", ".join(f"sum({name})" for name in [*PRICES, "volume"])
    sql = f"SELECT count(*) AS n, {sums}, sum(length(asset_pair)), sum(length(exchange)), max(timestamp) FROM t"
    return lambda: {"rows": pa.table(QueryBuilder().register("t", DeltaTable(path)).execute(sql).read_all()).column("n")[0].as_py()}


def point(path, row_count):
    day = row_count // ASSETS // 1440 // 2
    text = lambda days: (START + dt.timedelta(days=days)).strftime("arrow_cast('%Y-%m-%dT%H:%M:%SZ', 'Timestamp(Microsecond, Some(\"UTC\"))')")
    sql = f"SELECT * FROM t WHERE asset_pair = 'A07/USDT' AND timestamp >= {text(day)} AND timestamp < {text(day + 1)}"
    return lambda: {"rows": QueryBuilder().register("t", DeltaTable(path)).execute(sql).read_all().num_rows}


WORKLOADS = {"replay": opening, "replay-checkpoint": opening, "open-100k": opening, "append": append, "merge": merging(lambda i, minutes: minutes // 2 + i), "merge-spread": merging(lambda i, minutes: i * minutes // MERGED_MINUTES), "delete": delete, "zorder": zorder, "scan": scan, "scan-batches": scan_batches, "scan-aggregate": scan_aggregate, "point": point, "point-zordered": point}


def run(name, path, row_count):
    work = WORKLOADS[name](path, row_count)
    cpu, start = time.process_time(), time.perf_counter()
    facts = work()
    seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"seconds": seconds, "cpuSeconds": cpu_seconds, "peakBytes": peak, "facts": facts}))


if __name__ == "__main__":
    if sys.argv[1] == "prepare":
        prepare(sys.argv[2], int(sys.argv[3]), set(sys.argv[4:]))
    else:
        run(sys.argv[2], sys.argv[3], int(sys.argv[4]))
