"""Databento monthly files for the month peer: records, front contract per date, and each session's clean grid."""

import csv
import datetime as dt
import mmap
import os
from zoneinfo import ZoneInfo

import zstandard

CHICAGO = ZoneInfo("America/Chicago")
EPOCH = dt.date(1970, 1, 1)
HOUR_NS = 3_600_000_000_000
SECOND_NS = 1_000_000_000
SESSION_OPEN = 27_000
SESSION_CLOSE = 54_000
RECORD_BYTES = 56
BAR_TYPE = 32
EXPIRY_LETTERS = "FGHJKMNQUVXZ"
READ_BYTES = 4 << 20


class RawFile:
    """A file's metadata block and, in memory of their own and so aligned, its records. Reading needs neither numpy nor
    numba, and decompression runs without the GIL: it can go on while those are loaded."""

    def __init__(self):
        self.memory = None
        self.path = None
        self.metadata = b""
        self.byte_length = 0

    def read(self, path):
        with open(path, "rb") as file:
            if path.endswith(".zst"):
                decompressor = zstandard.ZstdDecompressor()
                stream = decompressor.stream_reader(file, read_across_frames=True, read_size=1 << 20)
            else:
                stream = file
            prefix = stream.read(8)
            if prefix[:3] != b"DBN":
                raise SystemExit(f"{path}: expected DBN at byte 0, found {prefix[:3]!r}")
            body = stream.read(int.from_bytes(prefix[4:8], "little"))
            self.path, self.metadata = path, prefix + body
            self.byte_length = self._fill(stream, os.path.getsize(path))
        return self

    def _fill(self, stream, file_bytes):
        if self.memory is None:
            self.memory = self._allocate(max(8 * file_bytes, 2 * READ_BYTES))
        length = 0
        while True:
            if len(self.memory) - length < READ_BYTES:
                larger = self._allocate(2 * len(self.memory))
                larger[:length] = self.memory[:length]
                self.memory = larger
            with memoryview(self.memory) as view, view[length : length + READ_BYTES] as window:
                count = stream.readinto(window)
            if not count:
                return length
            length += count

    @staticmethod
    def _allocate(byte_length):
        memory = mmap.mmap(-1, byte_length)
        if hasattr(mmap, "MADV_HUGEPAGE"):
            memory.madvise(mmap.MADV_HUGEPAGE)
        return memory


def load_calendar(path):
    """{date: second of the day at which trading stops}; 0 on a holiday."""
    stops = {}
    with open(path, newline="") as file:
        for row in csv.DictReader(file):
            hours, minutes = (row["close"] or "0:0").split(":")
            stops[dt.date.fromisoformat(row["date"])] = int(hours) * 3600 + int(minutes) * 60
    return stops


def plain_records(raw):
    """int64[records, 7]: header word, time, open, high, low, close, volume; None if there must be other records among them."""
    import numpy as np

    if raw.byte_length % RECORD_BYTES:
        return None
    return np.frombuffer(raw.memory, np.int64, raw.byte_length // 8).reshape(-1, 7)


def bars_among_records(raw):
    """The same of a file that has records of other types too; slow."""
    import numpy as np

    data = np.frombuffer(raw.memory, np.uint8, raw.byte_length)
    starts = []
    at = 0
    while at < len(data):
        size = 4 * int(data[at])
        if size == 0 or at + size > len(data):
            raise SystemExit(f"{raw.path}: the record at byte {len(raw.metadata) + at} is cut short")
        if data[at + 1] == BAR_TYPE:
            starts.append(at)
        at += size
    whole = np.array(starts, np.int64)[:, None] + np.arange(RECORD_BYTES)
    return data[whole].view(np.int64).reshape(-1, 7)


def expiry_order(symbol, year):
    return (int(symbol[-1]) - year) % 10, EXPIRY_LETTERS.index(symbol[-2])


class Mappings:
    """Which outright an instrument id is on a UTC date. `table[id's position, date - first]`: number of the outright
    (nearer expiry first), -1 a spread, -2 nothing."""

    def __init__(self, metadata, first_day, day_count):
        import numpy as np

        year = (EPOCH + dt.timedelta(first_day)).year
        outrights = [symbol for symbol in metadata.mappings if "-" not in symbol and ":" not in symbol]
        self.outrights = sorted(outrights, key=lambda symbol: expiry_order(symbol, year))
        number = {symbol: k for k, symbol in enumerate(self.outrights)}
        intervals = [
            (int(interval["symbol"]), interval, number.get(symbol, -1))
            for symbol, listed in metadata.mappings.items()
            for interval in listed
        ]
        ids = sorted({instrument for instrument, _, _ in intervals})
        position = {instrument: k for k, instrument in enumerate(ids)}
        self.ids = np.array(ids, np.int64)
        self.table = np.full((len(ids) + 1, day_count), -2, np.int16)  # the last line: ids without a mapping
        for instrument, interval, outright in intervals:
            begin = max(0, (interval["start_date"] - EPOCH).days - first_day)
            end = max(0, (interval["end_date"] - EPOCH).days - first_day)
            self.table[position[instrument], begin:end] = outright

    def slots(self):
        """An open-addressed hash table from instrument id to its line in `table`: (keys, lines)."""
        import numpy as np

        size = 64
        while size < 4 * len(self.ids):
            size *= 2
        keys = np.full(size, -1, np.int64)
        lines = np.full(size, len(self.ids), np.int64)
        for line, instrument in enumerate(self.ids):
            slot = (int(instrument) * 10_368_889 >> 16) & (size - 1)
            while keys[slot] >= 0:
                slot = (slot + 1) & (size - 1)
            keys[slot], lines[slot] = instrument, line
        return keys, lines


class SessionPlan:
    """The hours of a file on the exchange's clock, and where each date's session lies in the grid."""

    def __init__(self, metadata, stops):
        import numpy as np

        first = int(metadata.start) // SECOND_NS // 86_400
        last = int(metadata.end) // SECOND_NS // 86_400
        self.first_day = first - 1
        self.day_count = last - first + 3
        hours = self.day_count * 24
        self.base_ns = self.first_day * 86_400 * SECOND_NS
        self.hour_date = np.arange(hours, dtype=np.int32) // 24
        starts = [self.first_day * 86_400 + 3600 * k for k in range(hours)]
        locals_ = [dt.datetime.fromtimestamp(start, CHICAGO) for start in starts]
        self.hour_day = np.array([(local.date() - EPOCH).days - self.first_day for local in locals_], np.int32)
        self.days = [EPOCH + dt.timedelta(self.first_day + k) for k in range(self.day_count)]
        self.stops = stops

    def open_ns(self, day):
        local = dt.datetime.combine(day, dt.time(7, 30), CHICAGO)
        return int(local.timestamp()) * SECOND_NS

    def row_count(self, day):
        if day.weekday() >= 5:
            return 0
        return max(0, min(SESSION_CLOSE, self.stops.get(day, SESSION_CLOSE)) - SESSION_OPEN)
