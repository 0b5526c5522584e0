#!/usr/bin/env python3
"""What Python does with the month's work: Databento files of one-second bars → front contract → session → cleaning →
grid → labels → 43 features → Delta table partitioned by month. numba, pyarrow, zstandard, databento-dbn, deltalake.

  month.py --source DIR|FILE --lake DIR --calendar CSV [--month YYYY-MM …] [--workers N] [--repeat N]
  month.py --source DIR --calendar CSV --verify DIR/truth.json   contracts, cleaning and grid against the sample's truth
  month.py --process IN.parquet --output OUT.parquet [--sessions ignore|respect]   labels and features of given bars
  month.py --compile-only                                        fills the cache of compiled kernels

--workers: months at a time, each on one thread; with one, the two halves of a month are on two threads. The last line
is a JSON object. Not done here, but by Barline: quarantine, statistics, validation, checksums, retries, the look at the
month before, outcomes.
"""

import time

STARTED = time.perf_counter()

import argparse  # noqa: E402
import glob  # noqa: E402
import json  # noqa: E402
import os  # noqa: E402
import re  # noqa: E402
import resource  # noqa: E402
import sys  # noqa: E402
import tempfile  # noqa: E402
import threading  # noqa: E402
from concurrent.futures import ThreadPoolExecutor  # noqa: E402

os.environ.setdefault("NUMBA_CACHE_DIR", os.path.join(tempfile.gettempdir(), "barline-bench-numba"))
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import month_records  # noqa: E402


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("source", "lake", "calendar", "verify", "process", "output"):
        parser.add_argument(f"--{name}")
    parser.add_argument("--month", action="append")
    parser.add_argument("--sessions", default="ignore", choices=["ignore", "respect"])
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--repeat", type=int, default=1, help="all of it again in the same process, for warm figures")
    parser.add_argument("--compile-only", action="store_true")
    return parser.parse_args()


def monthly_files(source):
    """{month: path}"""
    pattern = os.path.join(source, "**", "*.ohlcv-1s.dbn*")
    paths = [source] if os.path.isfile(source) else sorted(glob.glob(pattern, recursive=True))
    found = {}
    for path in paths:
        match = re.search(r"-(\d{4})(\d{2})\d{2}-\d{8}\.ohlcv-1s\.dbn(\.zst)?$", path)
        if not match:
            continue
        month = f"{match[1]}-{match[2]}"
        if month in found:
            raise SystemExit(f"two files for {month}: {found[month]} and {path}")
        found[month] = path
    return found


def run_months(jobs, arguments, first):
    """`first`: the first month's file, being read on a thread since the process began."""
    from month_run import MonthRun, Stages
    from month_table import open_table

    uri = os.path.join(arguments.lake, "training_bars")
    stops = month_records.load_calendar(arguments.calendar)
    stages = Stages()
    halves = max(1, arguments.threads // arguments.workers)
    threads = ThreadPoolExecutor(arguments.threads)
    local = threading.local()

    def one(job):
        k, (month, path) = job
        if not hasattr(local, "run"):
            local.run = MonthRun(uri, stops, halves, threads, stages)
        return month, *local.run.derive_and_write(month, path, first if k == 0 else None)

    os.makedirs(arguments.lake, exist_ok=True)
    results = []
    with ThreadPoolExecutor(arguments.workers) as workers:
        done = workers.map(one, enumerate(jobs)) if arguments.workers > 1 else map(one, enumerate(jobs))
        if arguments.workers > 1:
            open_table(uri)
        for month, adds, facts in done:
            with stages.time("commit"):
                from month_table import commit

                commit(uri, month, adds)
            results.append(facts)
    return results, stages


def first_read(path):
    raw = month_records.RawFile()
    started, cpu = time.perf_counter(), time.thread_time()
    raw.read(path)
    return raw, time.perf_counter() - started, time.thread_time() - cpu


def run(arguments):
    jobs = [job for job in monthly_files(arguments.source).items() if not arguments.month or job[0] in arguments.month]
    if not jobs:
        raise SystemExit(f"{arguments.source}: no months found")
    reader = ThreadPoolExecutor(1)
    first = reader.submit(first_read, jobs[0][1])
    before = time.perf_counter()
    import month_run  # noqa: F401

    imports = time.perf_counter() - before
    results, stages = run_months(jobs * arguments.repeat, arguments, first)
    wall = time.perf_counter() - STARTED
    for facts in results:
        print(json.dumps(facts))
    usage = resource.getrusage(resource.RUSAGE_SELF)
    summary = dict(
        months=len(results),
        rows=sum(facts["rows"] for facts in results),
        wall_seconds=round(wall, 4),
        cpu_seconds=round(usage.ru_utime + usage.ru_stime, 4),
        import_seconds=round(imports, 4),
        peak_rss_bytes=usage.ru_maxrss * 1024,
        bytes_written=sum(facts["bytes"] for facts in results),
        stages=stages.seconds(),
    )
    print(json.dumps(summary), flush=True)


def main():
    arguments = parse_arguments()
    if arguments.process:
        from month_check import process

        process(arguments.process, arguments.output, arguments.sessions == "respect")
    elif arguments.verify:
        from month_check import verify

        verify(arguments.source, arguments.calendar, arguments.verify, monthly_files(arguments.source))
    elif arguments.compile_only:
        from month_check import compile_kernels

        print(f"kernels ready after {compile_kernels():.2f} s")
    else:
        run(arguments)


if __name__ == "__main__":
    main()
