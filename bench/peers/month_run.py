"""One month of the peer, from its file to the add actions of its Parquet files; stages and threads."""

import contextlib
import threading
import time

import month_contract
import month_records as records
import numpy as np
from month_kernels import RULES, clean_sessions
from month_table import Grid, arrow_table, write_file

ROLL_AFTER = 5


class Stages:
    """Wall and CPU seconds by stage, each thread's added up."""

    def __init__(self):
        self.totals = {}
        self.lock = threading.Lock()

    @contextlib.contextmanager
    def time(self, name):
        wall, cpu = time.perf_counter(), time.thread_time()
        yield
        self.add(name, time.perf_counter() - wall, time.thread_time() - cpu)

    def add(self, name, wall, cpu):
        with self.lock:
            total = self.totals.setdefault(name, [0.0, 0.0])
            total[0] += wall
            total[1] += cpu

    def seconds(self):
        return {name: {"wall": round(wall, 4), "cpu": round(cpu, 4)} for name, (wall, cpu) in self.totals.items()}


class MonthGrid:
    """Contracts, sessions and the clean grid of a month, in parts of whole sessions: `grids[p]` has `sessions[p]`."""

    def __init__(self):
        self.sessions = []
        self.counts = {}


class MonthRun:
    """Takes one month after the other and keeps its memory. parts: files a month is written as, each on its thread."""

    def __init__(self, uri, stops, parts, threads, stages):
        self.uri, self.stops, self.parts, self.threads, self.stages = uri, stops, parts, threads, stages
        self.raw = records.RawFile()
        self.grids = [None] * parts
        self.source = np.empty(0, np.int32)

    def derive_and_write(self, month, path, reading=None):
        """(add actions, facts)"""
        started = time.perf_counter()
        if reading is None:
            with self.stages.time("decode"):
                self.raw.read(path)
        else:
            self.raw, wall, cpu = reading.result()
            self.stages.add("decode", wall, cpu)
        grid = self.grid_of()
        rolls = roll_rows(grid.sessions)
        adds = self.each_part(lambda p: self.finish_part(p, grid, rolls, month), range(len(grid.sessions)))
        facts = dict(
            month=month,
            raw=grid.facts["raw"],
            rows=sum(self.grids[p].row_count for p in range(len(grid.sessions))),
            sessions=sum(map(len, grid.sessions)),
            rolls=sum(map(len, rolls)),
            counts=grid.counts,
            bytes=sum(add.size for add in adds),
            seconds=round(time.perf_counter() - started, 4),
        )
        return adds, facts

    def each_part(self, work, parts):
        if len(parts) == 1:
            return [work(parts[0])]
        return list(self.threads.map(work, parts))

    def finish_part(self, p, month_grid, rolls, month):
        grid = self.grids[p]
        scopes = [(session["begin"], session["begin"] + session["rows"]) for session in month_grid.sessions[p]]
        with self.stages.time("labels, features"):
            grid.derive(scopes, rolls[p], [0, grid.row_count], [1.0])
        with self.stages.time("encode, write"):
            return write_file(arrow_table(grid), self.uri, month)

    def grid_of(self):
        import databento_dbn

        with self.stages.time("contract, session"):
            metadata = databento_dbn.Metadata.decode(self.raw.metadata)
            if str(metadata.schema) != "ohlcv-1s":
                raise SystemExit(f"{self.raw.path}: expected schema ohlcv-1s, found {metadata.schema}")
            rows, plan, placed = self.place(metadata)
        return self.clean(rows, plan, placed)

    def place(self, metadata):
        """Every session second's record: `self.source`, in the order of the sessions."""
        rows = records.plain_records(self.raw)
        plan = records.SessionPlan(metadata, self.stops)
        mappings = records.Mappings(metadata, plan.first_day, plan.day_count)
        keys, lines = mappings.slots()
        time_axis = (plan.base_ns, records.HOUR_NS, plan.hour_date, plan.hour_day, keys, lines, mappings.table)
        volumes = np.zeros((plan.day_count, max(1, len(mappings.outrights))), np.int64)
        unmapped = -1 if rows is None else month_contract.day_volumes(rows, *time_axis, volumes)
        if unmapped < 0:
            rows = records.bars_among_records(self.raw)
            volumes[:] = 0
            unmapped = month_contract.day_volumes(rows, *time_axis, volumes)
        # of equal volumes the first, which expires first
        front = np.where(volumes.max(1) > 0, volumes.argmax(1), -1)
        row_count = np.array([plan.row_count(day) for day in plan.days], np.int64)
        row_count[front < 0] = 0
        open_ns = np.array([plan.open_ns(day) for day in plan.days], np.int64)
        first_row = np.cumsum(row_count) - row_count
        self.source = grown(self.source, int(row_count.sum()))
        counts = np.zeros(4, np.int64)
        source = self.source[: int(row_count.sum())]
        month_contract.place_records(rows, *time_axis, front, open_ns, row_count, first_row, source, counts)
        fronts = {str(plan.days[k]): mappings.outrights[front[k]] for k in np.flatnonzero(front >= 0)}
        facts = dict(raw=len(rows), unmapped=unmapped, fronts=fronts, front=counts[0], session=counts[1])
        facts.update(duplicate=int(counts[2]), descents=int(counts[3]))
        return rows, plan, (open_ns, row_count, first_row, facts)

    def clean(self, rows, plan, placed):
        open_ns, row_count, first_row, facts = placed
        days = np.flatnonzero(row_count)
        halves = [half for half in np.array_split(days, self.parts) if len(half)]
        result = MonthGrid()
        result.facts = facts

        def one(p):
            with self.stages.time("clean, grid"):
                return clean_part(p)

        def clean_part(p):
            half = halves[p]
            begin = int(first_row[half[0]])
            total = int(row_count[half].sum())
            if self.grids[p] is None or self.grids[p].capacity < total:
                self.grids[p] = Grid(total)
            grid = self.grids[p]
            counts = np.zeros(len(RULES), np.int64)
            kept = np.zeros(len(half), np.int64)
            source = self.source[begin : begin + total]
            where = (first_row[half] - begin, row_count[half])
            clean_sessions(rows, source, *where, grid.O, grid.H, grid.L, grid.C, grid.V, counts, kept)
            sessions = self.keep_sessions(grid, plan, half, kept, open_ns, *where, facts["fronts"])
            return sessions, counts

        done = self.each_part(one, range(len(halves)))
        result.sessions = [sessions for sessions, _ in done]
        total = sum(counts for _, counts in done) if done else np.zeros(len(RULES), np.int64)
        result.counts = dict(duplicate=facts["duplicate"], **dict(zip(RULES, map(int, total))))
        return result

    @staticmethod
    def keep_sessions(grid, plan, days, kept, open_ns, first_row, row_count, fronts):
        """The sessions with a bar, their rows moved together, their times filled in."""
        sessions = []
        at = 0
        for k, day in enumerate(days):
            begin, count = int(first_row[k]), int(row_count[k])
            if kept[k] == 0:
                continue
            if begin != at:
                for column in (grid.O, grid.H, grid.L, grid.C, grid.V):
                    column[at : at + count] = column[begin : begin + count].copy()
            open_us = int(open_ns[day]) // 1000
            grid.ts[at : at + count] = np.arange(open_us, open_us + count * 1_000_000, 1_000_000)
            grid.seconds[at : at + count] = np.arange(records.SESSION_OPEN, records.SESSION_OPEN + count)
            date = str(plan.days[day])
            sessions.append(
                dict(date=date, front=fronts[date], begin=at, rows=count, real=int(kept[k]), open_us=open_us)
            )
            at += count
        grid.row_count = at
        return sessions


def grown(array, length):
    return array if len(array) >= length else np.empty(length, array.dtype)


def roll_rows(parts):
    """Per part, the stretches [from, to) of rows affected by a change of contract; it never leaves its session."""
    before = None
    rolls = []
    for sessions in parts:
        rolls.append([])
        for session in sessions:
            if before is not None and before != session["front"]:
                end = session["begin"] + min(session["rows"], ROLL_AFTER + 1)
                rolls[-1].append((session["begin"], end))
            before = session["front"]
    return rolls
