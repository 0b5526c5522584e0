"""The month peer's own checks: bars of any origin through labels and features, and the sample's truth."""

import datetime as dt
import hashlib
import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import month_records as records
import numpy as np
from month_kernels import WARM_UP, derive  # noqa: F401
from month_run import ROLL_AFTER, MonthRun, Stages
from month_table import Grid, arrow_table

ROLL_GAP_TICKS = 80
DECAY_PER_MONTH = 0.05


def local_seconds(seconds):
    """Seconds since the epoch as the exchange's clock shows them."""
    hours, which = np.unique(seconds // 3600, return_inverse=True)
    offsets = [dt.datetime.fromtimestamp(int(hour) * 3600, records.CHICAGO).utcoffset() for hour in hours]
    return seconds + np.array([offset.total_seconds() for offset in offsets], np.int64)[which]


def load_bars(path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pq.read_table(path)
    n = len(table)
    grid = Grid(n)
    grid.row_count = n
    grid.ts[:] = table["timestamp"].cast(pa.timestamp("us", "UTC")).to_numpy().astype("datetime64[us]").astype(np.int64)
    for name, column in zip(("open", "high", "low", "close"), (grid.O, grid.H, grid.L, grid.C)):
        ticks = table[name].to_numpy() * 4
        column[:] = np.rint(ticks)
        if (column != ticks).any():
            raise SystemExit(f"{path}: {name} is not on the tick grid in row {np.flatnonzero(column != ticks)[0]}")
    grid.V[:] = table["volume"].to_numpy()
    return grid


def process(path, output, respect):
    """Rolls by price gaps; decay counted from the newest month of the input."""
    import pyarrow.parquet as pq

    grid = load_bars(path)
    n = grid.row_count
    local = local_seconds(grid.ts // 1_000_000)
    grid.seconds[:] = local % 86_400
    scopes = [(0, n)]
    if respect:
        starts = [0, *(np.flatnonzero(np.diff(local // 86_400)) + 1).tolist(), n]
        scopes = list(zip(starts, starts[1:]))
    affected = np.zeros(n + 1, bool)
    for roll in np.flatnonzero(np.abs(np.diff(grid.C)) > ROLL_GAP_TICKS) + 1:
        begin, end = next(scope for scope in scopes if scope[0] <= roll < scope[1])
        affected[max(begin, roll - 1) : min(end, roll + ROLL_AFTER + 1)] = True
    edges = np.flatnonzero(np.diff(affected.astype(np.int8), prepend=0))
    months = grid.ts.astype("datetime64[us]").astype("datetime64[M]").astype(np.int64)
    rows = [0, *(np.flatnonzero(np.diff(months)) + 1).tolist(), n]
    decays = [float(np.exp(-DECAY_PER_MONTH * (months.max() - months[row]))) for row in rows[:-1]]
    grid.derive(scopes, edges, rows, decays)
    pq.write_table(arrow_table(grid), output, compression="zstd")
    print(json.dumps(dict(rows=n, affected=int(affected.sum()))))


def compile_kernels():
    """Seconds until every kernel is compiled or loaded."""
    import month_contract
    from month_kernels import RULES, clean_sessions

    started = time.perf_counter()
    integers = np.zeros(4, np.int64)
    raw = records.RawFile()
    raw.memory, raw.byte_length = bytearray(56), 56
    grid = Grid(4)
    rows = records.plain_records(raw)
    dates = np.zeros(48, np.int32)
    table = np.zeros((1, 4), np.int16)
    axis = (0, records.HOUR_NS, dates, dates, np.full(64, -1, np.int64), integers, table)
    month_contract.day_volumes(rows, *axis, np.zeros((4, 1), np.int64))
    source = np.full(4, -1, np.int32)
    month_contract.place_records(rows, *axis, integers, integers, integers, integers, source, integers)
    one = np.array([0], np.int64)
    columns = (grid.O, grid.H, grid.L, grid.C, grid.V)
    clean_sessions(rows, source, one, one + 4, *columns, np.zeros(len(RULES), np.int64), one.copy())
    for column in columns:
        column[:] = 8000
    grid.row_count = 4
    grid.derive([(0, 4)], [], [0, 4], [1.0])
    return time.perf_counter() - started


def session_facts(grid, session):
    rows = slice(session["begin"], session["begin"] + session["rows"])
    digest = hashlib.sha256()
    for column in (grid.O, grid.H, grid.L, grid.C, grid.V):
        digest.update(column[rows].astype("<i4").tobytes())
    moment = dt.datetime.fromtimestamp(session["open_us"] // 1_000_000, dt.timezone.utc)
    return [
        session["date"], session["front"], session["rows"], session["real"],
        moment.strftime("%Y-%m-%dT%H:%M:%SZ"), digest.hexdigest(),
    ]  # fmt: skip


def verify_month(truth, run, raw_path):
    """Differences from the truth, as sentences."""
    run.raw.read(raw_path)
    month = run.grid_of()
    facts = month.facts
    sessions = [
        session_facts(run.grids[p], session) for p, part in enumerate(month.sessions) for session in part
    ]
    fields = ("date", "front", "expected_rows", "real_rows", "open_utc", "grid_sha256")
    slack = truth.get("cleaning_slack", {})
    counts = {rule: count for rule, count in month.counts.items() if count}
    expected_counts = dict(truth["cleaning_counts"])
    for rule, extra in slack.items():
        if expected_counts.get(rule, 0) < counts.get(rule, 0) <= expected_counts.get(rule, 0) + extra:
            counts[rule] = expected_counts.get(rule, 0)
    fronts = [(session[0], session[1]) for session in sessions]
    rolls = [[date, old, new] for (_, old), (date, new) in zip(fronts, fronts[1:]) if old != new]
    pairs = {
        "raw records": (facts["raw"], truth["raw_records"]),
        "unmapped records": (facts["unmapped"], 0),
        "front records": (facts["front"], truth["front_records"]),
        "session records": (facts["session"], truth["session_records"]),
        "fronts": (facts["fronts"], {day["date"]: day["contract"] for day in truth["front_contract"]}),
        "cleaning": (counts, {rule: count for rule, count in expected_counts.items() if count}),
        "descents": (facts["descents"], truth["disorder"]["session"]["descents"]),
        "sessions": (sessions, [[session[field] for field in fields] for session in truth["sessions"]]),
        "rolls": (rolls, [[r["date"], r["from_contract"], r["to_contract"]] for r in truth["rolls"]]),
    }
    return [f"{what}: found {found}, expected {wanted}" for what, (found, wanted) in pairs.items() if found != wanted]


def verify(source, calendar, truth_path, files):
    with open(truth_path) as file:
        truth = json.load(file)
    parts = 2
    run = MonthRun(source, records.load_calendar(calendar), parts, ThreadPoolExecutor(parts), Stages())
    wrong = 0
    for month in truth["months"]:
        differences = verify_month(month, run, files[month["month"]])
        wrong += len(differences)
        print(month["month"], f"{len(month['sessions'])} sessions:", "; ".join(differences) or "as expected")
    sys.exit(1 if wrong else 0)
