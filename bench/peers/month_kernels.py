"""Compiled kernels of the month peer: cleaning and grid, labels, features. Prices are whole ticks (int32), volumes int64.

A *scope* is the stretch of rows a window or a walk may not leave: a session, or the whole input. Every kernel runs
without the GIL over some scopes, so that two threads take a month between them. Nothing is compiled twice: numba
keeps the machine code in NUMBA_CACHE_DIR.
"""

import numpy as np
from numba import njit

TICK_POINTS = 0.25
TICK_UNITS = 250_000_000
UNDEFINED = 2**63 - 1
LOWEST_UNITS = 500 * 10**9
HIGHEST_UNITS = 10_000 * 10**9
SMALL_FAULT_UNITS = 10_000_000
SPIKE_TICKS = 20
SPIKE_SIDE_BARS = 30
TIMEOUT_BARS = 900

# name, direction, stop and target in ticks
MODES = [
    (f"{regime}_vol_{direction}", direction == "long", stop, 2 * stop)
    for direction in ("long", "short")
    for regime, stop in (("low", 6), ("normal", 8), ("high", 10))
]
MODE_LONG = np.array([mode[1] for mode in MODES])
MODE_STOP = np.array([mode[2] for mode in MODES], np.int32)
MODE_UP = np.array([target if is_long else stop for _, is_long, stop, target in MODES], np.int32)
MODE_DOWN = np.array([stop if is_long else target for _, is_long, stop, target in MODES], np.int32)

RULES = ["not_positive", "bounds", "ohlc_small", "ohlc_large", "tick", "spike"]

FLOAT_FEATURES = """volume_ratio_30s volume_slope_30s volume_slope_5s volume_exhaustion vwap distance_from_vwap_pct
vwap_slope distance_from_rth_high distance_from_rth_low short_range_high short_range_low short_range_size
position_in_short_range medium_range_high medium_range_low medium_range_size range_compression_ratio return_30s
return_60s return_300s momentum_acceleration momentum_consistency atr_30s atr_300s volatility_regime
volatility_acceleration volatility_breakout atr_percentile bar_range relative_bar_size uptick_pct_30s uptick_pct_60s
bar_flow_consistency directional_strength""".split()
BYTE_FEATURES = """short_range_retouches medium_range_retouches is_eth is_pre_open is_rth_open is_morning is_lunch
is_afternoon is_rth_close""".split()
FEATURES = FLOAT_FEATURES[:17] + BYTE_FEATURES[:2] + FLOAT_FEATURES[17:] + BYTE_FEATURES[2:]

kernel = njit(cache=True, nogil=True, error_model="numpy")
# sums may be regrouped (so that they are vectorised), nothing else
regrouping = njit(cache=True, nogil=True, error_model="numpy", fastmath={"reassoc", "contract"})
NAN32 = np.float32(np.nan)


# ---------------------------------------------------------------- cleaning and grid


@kernel
def median_in_place(values, count):
    for i in range(1, count):
        value = values[i]
        j = i
        while j > 0 and values[j - 1] > value:
            values[j] = values[j - 1]
            j -= 1
        values[j] = value
    return (values[count // 2] + values[(count - 1) // 2]) / 2.0


@kernel
def is_spike(closes, k, scratch):
    """Whether the close k of a session's bars is a lone spike."""
    before = closes[k - 1]
    here = closes[k]
    after = closes[k + 1]
    above = here - before > SPIKE_TICKS and here - after > SPIKE_TICKS
    below = before - here > SPIKE_TICKS and after - here > SPIKE_TICKS
    if not (above or below) or abs(after - before) > SPIKE_TICKS:
        return False
    distance = abs(here - (before + after) / 2.0)
    if distance <= SPIKE_TICKS:
        return False
    first = max(0, k - SPIKE_SIDE_BARS)
    last = min(len(closes) - 1, k + SPIKE_SIDE_BARS)
    count = 0
    for i in range(first, last + 1):
        if i != k:
            scratch[count] = closes[i]
            count += 1
    median = median_in_place(scratch, count)
    count = 0
    for i in range(first, last + 1):
        if i != k:
            scratch[count] = abs(closes[i] - median)
            count += 1
    return distance > 10.0 * median_in_place(scratch, count)


@kernel
def clean_session(records, source, at, row_count, rows, closes, O, H, L, C, V, counts):
    """One session from its records to its grid. `source` has the record of each second, or -1. Returns the bars kept."""
    kept = 0
    for second in range(row_count):
        record = source[at + second]
        if record < 0:
            continue
        o, h, l, c = records[record, 2], records[record, 3], records[record, 4], records[record, 5]
        lowest = min(min(o, c), min(h, l))
        highest = max(max(o, c), max(h, l))
        if lowest <= 0 or highest == UNDEFINED:
            counts[0] += 1
            continue
        if lowest < LOWEST_UNITS or highest > HIGHEST_UNITS:
            counts[1] += 1
            continue
        fault = max(highest - h, l - lowest)
        if fault > SMALL_FAULT_UNITS:
            counts[3] += 1
            continue
        if fault > 0:
            counts[2] += 1
            h = highest
            l = lowest
        to = (o + TICK_UNITS // 2) // TICK_UNITS
        th = (h + TICK_UNITS // 2) // TICK_UNITS
        tl = (l + TICK_UNITS // 2) // TICK_UNITS
        tc = (c + TICK_UNITS // 2) // TICK_UNITS
        if (o - to * TICK_UNITS) | (h - th * TICK_UNITS) | (l - tl * TICK_UNITS) | (c - tc * TICK_UNITS):
            counts[4] += 1
        row = at + second
        O[row], H[row], L[row], C[row], V[row] = to, th, tl, tc, records[record, 6]
        rows[kept] = second
        closes[kept] = tc
        kept += 1
    if kept == 0:
        return 0
    scratch = np.empty(2 * SPIKE_SIDE_BARS, np.float64)
    good = 0
    for k in range(kept):
        if 0 < k < kept - 1 and is_spike(closes[:kept], k, scratch):
            counts[5] += 1
        else:
            rows[good] = rows[k]
            good += 1
    price = O[at + rows[0]]
    filled = 0
    for k in range(good + 1):
        end = rows[k] if k < good else row_count
        for row in range(at + filled, at + end):
            O[row], H[row], L[row], C[row], V[row] = price, price, price, price, 0
        if k < good:
            price = C[at + end]
            filled = end + 1
    return good


@kernel
def clean_sessions(records, source, first_row, row_count, O, H, L, C, V, counts, kept):
    longest = 0
    for k in range(len(row_count)):
        longest = max(longest, row_count[k])
    rows = np.empty(longest, np.int32)
    closes = np.empty(longest, np.int32)
    for k in range(len(row_count)):
        kept[k] = clean_session(records, source, first_row[k], row_count[k], rows, closes, O, H, L, C, V, counts)


# ---------------------------------------------------------------- labels


@kernel
def block_extremes(H, L, begin, end, high8, low8, high64, low64):
    """Extremes of the aligned blocks of 8 and 64 rows that lie over [begin, end), clipped to it."""
    for big in range(begin >> 6, (end + 63) >> 6):
        top = np.int32(-(2**31))
        bottom = np.int32(2**31 - 1)
        for small in range(big << 3, min((big + 1) << 3, (end + 7) >> 3)):
            h = np.int32(-(2**31))
            l = np.int32(2**31 - 1)
            for row in range(max(begin, small << 3), min(end, (small + 1) << 3)):
                h = max(h, H[row])
                l = min(l, L[row])
            high8[small] = h
            low8[small] = l
            top = max(top, h)
            bottom = min(bottom, l)
        high64[big] = top
        low64[big] = bottom


@kernel
def label_rows(
    O, H, L, ts, begin, end, scope_end, high8, low8, high64, low64, rolls, decay, is_long, stop, up, down, label, weight
):  # fmt: skip
    """Labels and weights of rows [begin, end). One walk decides all modes: it stops at the nearest undecided level, and
    passes blocks that touch none; it never reaches scope_end. `rolls`: affected stretches [from, to) in order."""
    mode_count = len(up)
    all_modes = (1 << mode_count) - 1
    least_up = np.int32(2**30)
    least_down = np.int32(2**30)
    for m in range(mode_count):
        label[m, begin:end] = 0
        weight[m, begin:end] = np.float32(decay)
        least_up = min(least_up, up[m])
        least_down = min(least_down, down[m])
    roll = 0
    for i in range(begin, min(end, scope_end - 1)):
        while roll < len(rolls) and rolls[roll, 1] <= i:
            roll += 1
        limit = min(scope_end, i + 1 + TIMEOUT_BARS)
        if roll < len(rolls):
            if rolls[roll, 0] <= i:
                continue
            limit = min(limit, rolls[roll, 0])
        j = i + 1
        entry = O[np.uint64(j)]
        near_up = entry + least_up
        near_down = entry - least_down
        highest = entry
        lowest = entry
        open_modes = all_modes
        while j < limit:
            if j & 7 == 0:
                if j & 63 == 0:
                    h = high64[np.uint64(j >> 6)]
                    l = low64[np.uint64(j >> 6)]
                    if h < near_up and l > near_down:
                        highest = max(highest, h)
                        lowest = min(lowest, l)
                        j += 64
                        continue
                h = high8[np.uint64(j >> 3)]
                l = low8[np.uint64(j >> 3)]
                if h < near_up and l > near_down:
                    highest = max(highest, h)
                    lowest = min(lowest, l)
                    j += 8
                    continue
            h = H[np.uint64(j)]
            l = L[np.uint64(j)]
            highest = max(highest, h)
            lowest = min(lowest, l)
            if h >= near_up or l <= near_down:
                rise = h - entry
                fall = entry - l
                near_up = np.int32(2**31 - 1)
                near_down = np.int32(-(2**31))
                for m in range(mode_count):
                    if open_modes >> m & 1 == 0:
                        continue
                    above = rise >= up[m]
                    below = fall >= down[m]
                    if not (above or below):
                        near_up = min(near_up, entry + up[m])
                        near_down = max(near_down, entry - down[m])
                        continue
                    open_modes ^= 1 << m
                    if above != below and above == is_long[m]:
                        adverse = entry - lowest if is_long[m] else highest - entry
                        seconds = (ts[j] - ts[i + 1]) * 1e-6
                        quality = min(2.0, max(0.5, 2.0 - 1.5 * adverse / stop[m]))
                        velocity = min(2.0, max(0.5, 2.0 - 1.5 * (seconds - 300.0) / 600.0))
                        label[m, i] = 1
                        weight[m, i] = np.float32(quality * velocity * decay)
                if open_modes == 0:
                    break
            j += 1


# ---------------------------------------------------------------- features


@kernel
def rolling_extreme(values, width, sign, prefix, suffix, out):
    """Rolling maximum (sign 1) or minimum (sign -1) by block prefixes and suffixes; out from row width - 1 on."""
    n = len(values)
    for start in range(0, n, width):
        end = min(n, start + width)
        best = values[start] * sign
        for i in range(start, end):
            best = max(best, values[i] * sign)
            prefix[i] = best
        best = values[end - 1] * sign
        for i in range(end - 1, start - 1, -1):
            best = max(best, values[i] * sign)
            suffix[i] = best
    for i in range(width - 1, n):
        out[i] = sign * max(suffix[i - width + 1], prefix[i])


@regrouping
def sample_deviation_30(values):
    total = 0.0
    for k in range(30):
        total += values[k]
    mean = total / 30.0
    squares = 0.0
    for k in range(30):
        difference = values[k] - mean
        squares += difference * difference
    return np.sqrt(squares / 29.0)


@kernel
def rank_in_300(values):
    """Number of the 300 values below the last one plus number not above it."""
    last = values[299]
    total = np.int32(0)
    for k in range(300):
        total += np.int32(values[k] < last) + np.int32(values[k] <= last)
    return total


@kernel
def volume_features(V, sums, F):
    """volume_ratio_30s, volume_slope_30s, volume_slope_5s, volume_exhaustion. sums: running sums of volume."""
    n = len(V)
    for i in range(29, n):
        F[0, i] = 30.0 * V[i] / (sums[i + 1] - sums[i - 29])
    for i in range(4, n):
        F[2, i] = (2 * (V[i] - V[i - 4]) + V[i - 1] - V[i - 3]) / 10.0
    for i in range(29, n):
        slope = (2 * (V[i] - V[i - 4]) + V[i - 1] - V[i - 3]) / 10.0
        F[3, i] = 30.0 * V[i] / (sums[i + 1] - sums[i - 29]) * slope
    # slope of five-bar sums against 0 … 29: sums and first moments slide exactly
    moment = np.int64(0)
    total = np.int64(0)
    for i in range(4, n):
        five = sums[i + 1] - sums[i - 4]
        if i < 34:
            moment += five * (i - 4)
            total += five
        else:
            oldest = sums[i - 29] - sums[i - 34]
            moment += 29 * five - (total - oldest)
            total += five - oldest
        if i >= 33:
            F[1, i] = (2 * moment - 29 * total) / 22_475.0


@kernel
def price_features(C, V, sums, money, vwap, F):
    """vwap, distance_from_vwap_pct, vwap_slope. money: running sums of close × volume."""
    n = len(C)
    for i in range(n):
        vwap[i] = C[i] * TICK_POINTS
    for i in range(299, n):
        volume = sums[i + 1] - sums[i - 299]
        mean = (money[i + 1] - money[i - 299]) / volume * TICK_POINTS
        vwap[i] = mean if volume != 0 else vwap[i]
    for i in range(n):
        F[4, i] = vwap[i]
        F[5, i] = (C[i] * TICK_POINTS - vwap[i]) / vwap[i] * 100.0
    for i in range(29, n):
        total = 0.0
        for k in range(15):
            total += (29 - 2 * k) * (vwap[i - k] - vwap[i - 29 + k])
        F[6, i] = total / 4495.0


@kernel
def range_features(H, L, C, scratch, F, B):
    """Distances from the half-hour extremes, ranges of 5 and 15 minutes with position, compression, retouches."""
    n = len(C)
    a, b, top, bottom, short = scratch[0], scratch[1], scratch[2], scratch[3], scratch[4]
    rolling_extreme(H, 1800, 1, a, b, top)
    rolling_extreme(L, 1800, -1, a, b, bottom)
    for i in range(1799, n):
        F[7, i] = (C[i] - top[i]) * TICK_POINTS
        F[8, i] = (C[i] - bottom[i]) * TICK_POINTS
    for r, width in enumerate((300, 900)):
        rolling_extreme(H, width, 1, a, b, top)
        rolling_extreme(L, width, -1, a, b, bottom)
        base = 9 + 4 * r
        for i in range(width - 1, n):
            size = top[i] - bottom[i]
            F[base, i] = top[i] * TICK_POINTS
            F[base + 1, i] = bottom[i] * TICK_POINTS
            F[base + 2, i] = size * TICK_POINTS
            B[r, i] = (20 * (top[i] - C[i]) <= size) | (20 * (C[i] - bottom[i]) <= size)
        if r == 0:
            for i in range(width - 1, n):
                short[i] = top[i] - bottom[i]
                F[12, i] = (C[i] - bottom[i]) / short[i]
        else:
            for i in range(width - 1, n):
                F[16, i] = short[i] / (top[i] - bottom[i])


@kernel
def return_features(C, returns, F):
    n = len(C)
    for i in range(1, n):
        returns[i] = (C[i] - C[i - 1]) / C[i - 1]
    for i in range(30, n):
        F[17, i] = (C[i] - C[i - 30]) / C[i - 30]
        F[21, i] = sample_deviation_30(returns[i - 29 : i + 1])
    for i in range(60, n):
        sixty = (C[i] - C[i - 60]) / C[i - 60]
        F[18, i] = sixty
        F[20, i] = (C[i] - C[i - 30]) / C[i - 30] - sixty
    for i in range(300, n):
        F[19, i] = (C[i] - C[i - 300]) / C[i - 300]


@kernel
def volatility_features(H, L, ranges, ranges30, sums, squares, F):
    """ATR and what follows from it, bar range and relative size. ranges: running sums of the true range in ticks."""
    n = len(H)
    sums[0] = 0
    squares[0] = 0
    for i in range(n):
        s30 = ranges[i + 1] - ranges[i - 29] if i >= 29 else 0
        ranges30[i] = s30
        sums[i + 1] = sums[i] + s30
        squares[i + 1] = squares[i] + s30 * s30
    for i in range(n):
        F[28, i] = (H[i] - L[i]) * TICK_POINTS
    for i in range(29, n):
        F[22, i] = ranges30[i] / 30.0 * TICK_POINTS
        F[29, i] = 30.0 * (H[i] - L[i]) / ranges30[i]
    for i in range(59, n):
        s60 = ranges[i + 1] - ranges[i - 59]
        F[25, i] = (2 * ranges30[i] - s60) / s60
    for i in range(299, n):
        s300 = ranges[i + 1] - ranges[i - 299]
        F[23, i] = s300 / 300.0 * TICK_POINTS
        F[24, i] = 10.0 * ranges30[i] / s300
    for i in range(328, n):
        total = sums[i + 1] - sums[i - 299]
        spread = 300 * (squares[i + 1] - squares[i - 299]) - total * total  # exactly 300 × 299 × the variance
        F[26, i] = (300 * np.int64(ranges30[i]) - total) / 300.0 / np.sqrt(spread / 89_700.0)
    for i in range(328, n):
        F[27, i] = (rank_in_300(ranges30[i - 299 : i + 1]) + 1) / 6.0


@kernel
def flow_features(ups, F):
    """ups: running count of bars that closed above the one before."""
    n = len(ups) - 1
    for i in range(29, n):
        share = (ups[i + 1] - ups[i - 29]) * 100.0 / 30.0
        F[30, i] = share
        F[33, i] = abs(share - 50.0) * 2.0
    for i in range(59, n):
        share = (ups[i + 1] - ups[i - 59]) * 100.0 / 60.0
        F[31, i] = share
        F[32, i] = abs((ups[i + 1] - ups[i - 29]) * 100.0 / 30.0 - share)


@kernel
def time_features(seconds, B):
    """seconds since midnight on the exchange's clock"""
    for i in range(len(seconds)):
        s = seconds[i]
        B[2, i] = (s < 27_000) | (s >= 54_000)
        B[3, i] = (s >= 27_000) & (s < 30_600)
        B[4, i] = (s >= 30_600) & (s < 33_300)
        B[5, i] = (s >= 33_300) & (s < 39_600)
        B[6, i] = (s >= 39_600) & (s < 46_800)
        B[7, i] = (s >= 46_800) & (s < 52_200)
        B[8, i] = (s >= 52_200) & (s < 54_000)


# rows at the start of a scope for which a float feature is unknown
WARM_UP = np.array(
    [29, 33, 4, 29, 0, 0, 29, 1799, 1799, 299, 299, 299, 299, 899, 899, 899, 899, 30, 60, 300, 60, 30, 29, 299, 299, 59]
    + [328, 328, 0, 29, 29, 59, 59, 29]
)


@kernel
def running_sums(H, L, C, V, sums, money, ranges, ups):
    for values in (sums, money, ranges):
        values[0] = 0
    ups[0] = 0
    previous = C[0]
    for i in range(len(C)):
        sums[i + 1] = sums[i] + V[i]
        money[i + 1] = money[i] + np.int64(C[i]) * V[i]
        top = max(H[i], previous) if i > 0 else H[i]
        bottom = min(L[i], previous) if i > 0 else L[i]
        ranges[i + 1] = ranges[i] + (top - bottom)
        ups[i + 1] = ups[i] + np.int32(C[i] > previous)
        previous = C[i]


@kernel
def mark_known(F, begin, end, known, unknown):
    """Arrow validity bits of rows [begin, end) of each feature; rows before `begin` are marked already."""
    for f in range(F.shape[0]):
        row = begin
        missing = 0
        while row < end:
            stop = min(end, (row | 7) + 1)
            byte = known[f, row >> 3] if row & 7 else np.uint8(0)
            for k in range(row, stop):
                is_known = F[f, k] == F[f, k]
                missing += not is_known
                byte |= np.uint8(is_known) << np.uint8(k & 7)
            known[f, row >> 3] = byte
            row = stop
        unknown[f] += missing


@kernel
def derive(
    O, H, L, C, V, ts, seconds, scopes, rolls, decay_rows, decays, modes, label, weight, F, B, known, unknown, prices
):  # fmt: skip
    """Labels, features, null bits and prices in points of all rows. scopes: [begin, end) of each, in order. The weights
    of rows decay_rows[d] … decay_rows[d + 1] decay by decays[d]. A walk and a window stay inside their scope."""
    is_long, stop, up, down = modes
    longest = 0
    for s in range(len(scopes)):
        longest = max(longest, scopes[s, 1] - scopes[s, 0])
    wide = np.empty((6, longest + 1), np.int64)
    narrow = np.empty((7, longest + 1), np.int32)
    reals = np.empty(longest, np.float64)
    blocks = np.empty((2, (scopes[-1, 1] >> 3) + 1), np.int32)
    big_blocks = np.empty((2, (scopes[-1, 1] >> 6) + 1), np.int32)
    unknown[:] = 0
    for s in range(len(scopes)):
        a, b = scopes[s]
        block_extremes(H, L, a, b, blocks[0], blocks[1], big_blocks[0], big_blocks[1])
        for d in range(len(decays)):
            first = max(a, decay_rows[d])
            last = min(b, decay_rows[d + 1])
            if first < last:
                label_rows(
                    O, H, L, ts, first, last, b, blocks[0], blocks[1], big_blocks[0], big_blocks[1],
                    rolls, decays[d], is_long, stop, up, down, label, weight,
                )  # fmt: skip
        for f in range(len(WARM_UP)):
            F[f, a : min(b, a + WARM_UP[f])] = NAN32
        B[0, a : min(b, a + 299)] = 0
        B[1, a : min(b, a + 899)] = 0
        h, l, c, v, f, y = H[a:b], L[a:b], C[a:b], V[a:b], F[:, a:b], B[:, a:b]
        running_sums(h, l, c, v, wide[0], wide[1], wide[2], narrow[5])
        volume_features(v, wide[0], f)
        price_features(c, v, wide[0], wide[1], reals, f)
        range_features(h, l, c, narrow, f, y)
        return_features(c, reals, f)
        volatility_features(h, l, wide[2], narrow[6], wide[3], wide[4], f)
        flow_features(narrow[5][: b - a + 1], f)
        time_features(seconds[a:b], y)
        mark_known(F, a, b, known, unknown)
        for i in range(a, b):
            prices[0, i] = O[i] * TICK_POINTS
            prices[1, i] = H[i] * TICK_POINTS
            prices[2, i] = L[i] * TICK_POINTS
            prices[3, i] = C[i] * TICK_POINTS
