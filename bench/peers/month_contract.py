"""Compiled kernels of the month peer over raw records: volume per contract and date, then each second's record."""

from numba import njit

BAR_HEADER = 14 | 32 << 8  # length in words of four bytes, record type

kernel = njit(cache=True, nogil=True, error_model="numpy")


@kernel
def outright_of(header, date, keys, lines, table):
    instrument = (header >> 32) & 0xFFFFFFFF
    slot = (instrument * 10_368_889 >> 16) & (len(keys) - 1)
    while keys[slot] != instrument:
        if keys[slot] < 0:
            return -2
        slot = (slot + 1) & (len(keys) - 1)
    return table[lines[slot], date]


@kernel
def day_volumes(records, base_ns, hour_ns, hour_date, hour_day, keys, lines, table, volumes):
    """Adds each outright's volume per exchange date; returns the number of records without a mapping, or -1 at the first
    record that is no bar of one second."""
    unmapped = 0
    for k in range(len(records)):
        if records[k, 0] & 0xFFFF != BAR_HEADER:
            return -1
        hour = (records[k, 1] - base_ns) // hour_ns
        outright = outright_of(records[k, 0], hour_date[hour], keys, lines, table)
        if outright >= 0:
            volumes[hour_day[hour], outright] += records[k, 6]
        elif outright == -2:
            unmapped += 1
    return unmapped


@kernel
def place_records(
    records, base_ns, hour_ns, hour_date, hour_day, keys, lines, table, front, open_ns, row_count, first_row, source, counts
):  # fmt: skip
    """source[row]: the front contract's last record of that second, else -1.
    counts: the front contract's records, those in session, replaced ones, steps back in time."""
    source[:] = -1
    previous = 0
    for k in range(len(records)):
        time = records[k, 1]
        hour = (time - base_ns) // hour_ns
        day = hour_day[hour]
        if outright_of(records[k, 0], hour_date[hour], keys, lines, table) != front[day] or front[day] < 0:
            continue
        counts[0] += 1
        since = time - open_ns[day]
        if since < 0:
            continue
        second = since // 1_000_000_000
        if second >= row_count[day]:
            continue
        counts[1] += 1
        counts[3] += time < previous
        previous = time
        row = first_row[day] + second
        counts[2] += source[row] >= 0
        source[row] = k
