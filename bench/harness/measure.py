"""Runs a command and writes to file descriptor 3, as one JSON object: wall seconds, CPU seconds of it and all its
children (wait4), exit code, and peak resident bytes: the kernel's mark of the largest process, or the sum over the
process tree, looked at every 50 ms, if that was ever more. Of every line on the command's standard output, which is
passed on: its time, the most that was resident since the line before, and the CPU seconds of the process until then."""

import json
import os
import subprocess
import sys
import threading
import time

INTERVAL_SECONDS = 0.05
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def children(pid):
    found = []
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/children") as file:
            found += file.read().split()
    return found


def cpu_seconds(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND
    except (OSError, IndexError):
        return 0.0


def tree_bytes(pid):
    try:
        with open(f"/proc/{pid}/statm") as file:
            total = int(file.read().split()[1]) * PAGE_BYTES
        return total + sum(tree_bytes(child) for child in children(pid))
    except (OSError, IndexError):  # ended meanwhile, or a system without /proc
        return 0


class PeakMemory:
    def __init__(self, pid):
        self.pid, self.bytes, self.recent, self.ended = pid, 0, 0, threading.Event()
        self.thread = threading.Thread(target=self.watch, daemon=True)
        self.thread.start()

    def watch(self):
        while not self.ended.wait(INTERVAL_SECONDS):
            self.look()

    def look(self):
        now = tree_bytes(self.pid)
        self.bytes = max(self.bytes, now)
        self.recent = max(self.recent, now)

    def since_last(self):
        self.look()
        most, self.recent = self.recent, 0
        return most

    def stop(self):
        self.ended.set()
        self.thread.join()
        return self.bytes


def main():
    started = time.perf_counter()
    process = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE)
    memory = PeakMemory(process.pid)
    lines = []
    for line in process.stdout:
        lines.append([time.perf_counter() - started, memory.since_last(), cpu_seconds(process.pid)])
        sys.stdout.buffer.write(line)
    sys.stdout.flush()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    unit = 1 if sys.platform == "darwin" else 1024
    result = dict(
        wallSeconds=wall,
        userSeconds=usage.ru_utime,
        systemSeconds=usage.ru_stime,
        peakRssBytes=max(usage.ru_maxrss * unit, memory.stop()),
        exitCode=os.waitstatus_to_exitcode(status),
        lines=lines,
    )
    os.write(3, json.dumps(result).encode())


main()
