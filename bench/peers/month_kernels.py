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
SPAN_LEVELS = 7  # 2^6 blocks of 8 rows, twice, cover a walk
SPAN_LEVEL = np.array([max(0, count.bit_length() - 1) for count in range(2 + TIMEOUT_BARS // 8)])

# name, direction, stop and target in ticks
MODES = [
    (f"{regime}_vol_{direction}", direction == "long", stop, 2 * stop)
    for direction in ("long", "short")
    for regime, stop in (("low", 6), ("normal", 8), ("high", 10))
]
MODE_SHORT = np.array([not mode[1] for mode in MODES], np.int64)
MODE_STOP = np.array([mode[2] for mode in MODES], np.int64)
MODE_TARGET = np.array([mode[3] for mode in MODES], np.int64)

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
def mirror(H, L, begin, end, extremes):
    """The market and its mirror image, series[0] = high and series[1] = -low, so that reaching a level is one question:
    at least? With the greatest of each aligned block of 8 and 64 rows, clipped to [begin, end)."""
    series, sixtyfours, prefix, suffix, spans = extremes
    eights = spans[0]
    for i in range(begin, end):
        series[0, i] = H[i]
        series[1, i] = -L[i]
    for side in range(2):
        for big in range(begin >> 6, (end + 63) >> 6):
            top = np.int32(-(2**31))
            for small in range(big << 3, min((big + 1) << 3, (end + 7) >> 3)):
                best = np.int32(-(2**31))
                for row in range(max(begin, small << 3), min(end, (small + 1) << 3)):
                    best = max(best, series[side, row])
                eights[side, small] = best
                top = max(top, best)
            sixtyfours[side, big] = top
    index_extremes(series, begin, end, prefix, suffix, spans)


@kernel
def search_reach(series, eights, sixtyfours, side, level, first, limit):
    """2 × row + 1 of the first row in [first, limit) at which a side's series is at least `level`, else 2 × a row at or
    after the limit, before which there is none."""
    j = first
    while j < limit:
        if j & 7 == 0:
            if j & 63 == 0 and sixtyfours[side, np.uint64(j >> 6)] < level:
                j += 64
                continue
            if eights[side, np.uint64(j >> 3)] < level:
                j += 8
                continue
        if series[side, np.uint64(j)] >= level:
            return 2 * j + 1
        j += 1
    return 2 * j


@kernel
def index_extremes(series, begin, end, prefix, suffix, spans):
    """For the greatest over any rows of [begin, end) in four looks: in each aligned block of 8 the greatest up to and from every row, and
    spans[k, side, b], the greatest of blocks b … b + 2^k - 1. spans[0] is filled already."""
    for side in range(2):
        for block in range(begin >> 3, (end + 7) >> 3):
            first = max(begin, block << 3)
            last = min(end, (block + 1) << 3) - 1
            best = series[side, first]
            for row in range(first, last + 1):
                best = max(best, series[side, row])
                prefix[side, row] = best
            best = series[side, last]
            for row in range(last, first - 1, -1):
                best = max(best, series[side, row])
                suffix[side, row] = best
        for k in range(1, len(spans)):
            half = spans[k - 1, side, begin >> 3 : (end + 7) >> 3]
            later = half[1 << (k - 1) :]
            whole = spans[k, side, begin >> 3 : (end + 7) >> 3]
            for block in range(len(later)):
                whole[block] = max(half[block], later[block])


@kernel
def label_rows(O, ts, begin, end, scope_end, extremes, rolls, decay, modes, label, weight):
    """Labels and weights of rows [begin, end); no walk reaches scope_end. `rolls`: affected stretches [from, to).
    known[side, level's slot] is what `search_reach` last said. It holds until its row has passed, so a level is searched
    once per visit, however many rows ask for it."""
    series, sixtyfours, prefix, suffix, spans = extremes
    eights = spans[0]
    is_short, stop, target = modes
    reach = max(stop.max(), target.max())
    # a level's slot is its distance from the least level asked for: the entry price less `reach`, on either side
    lowest = np.int64(O[begin:scope_end].min())
    highest = np.int64(O[begin:scope_end].max())
    base = (lowest - reach, -highest - reach)
    known = np.full((2, highest - lowest + 2 * reach + 1), -1, np.int32)
    for m in range(len(stop)):
        label[m, begin:end] = 0
        weight[m, begin:end] = np.float32(decay)
    roll = 0
    for i in range(begin, min(end, scope_end - 1)):
        while roll < len(rolls) and rolls[roll, 1] <= i:
            roll += 1
        first = i + 1
        limit = min(scope_end, first + TIMEOUT_BARS)
        if roll < len(rolls):
            if rolls[roll, 0] <= i:
                continue
            limit = min(limit, rolls[roll, 0])
        entry = np.int64(O[np.uint64(first)])
        for m in range(len(stop)):
            good = is_short[m]
            bad = 1 - good
            price = -entry if good else entry
            slot = np.uint64(stop[m] - price - base[bad])
            reached = np.int64(known[bad, slot])
            if reached < 2 * first or (reached & 1 == 0 and reached < 2 * limit):
                start = max(first, reached >> 1)
                reached = search_reach(series, eights, sixtyfours, bad, stop[m] - price, start, limit)
                known[bad, slot] = reached
            lost = min(reached >> 1, limit)
            # what comes with the stop or after it is no win, so it need not be looked for
            slot = np.uint64(target[m] + price - base[good])
            reached = np.int64(known[good, slot])
            if reached < 2 * first or (reached & 1 == 0 and reached < 2 * lost):
                start = max(first, reached >> 1)
                reached = search_reach(series, eights, sixtyfours, good, target[m] + price, start, lost)
                known[good, slot] = reached
            won = reached >> 1
            if won < lost:
                a = first >> 3
                b = won >> 3
                if a == b:
                    worst = series[bad, np.uint64(won)]
                    for row in range(first, won):
                        worst = max(worst, series[bad, np.uint64(row)])
                else:
                    worst = max(suffix[bad, np.uint64(first)], prefix[bad, np.uint64(won)])
                    if b - a > 1:
                        k = SPAN_LEVEL[np.uint64(b - a - 1)]
                        whole = max(spans[np.uint64(k), bad, np.uint64(a + 1)], spans[np.uint64(k), bad, np.uint64(b - (1 << k))])
                        worst = max(worst, whole)
                adverse = max(0, worst + price)
                seconds = (ts[won] - ts[first]) * 1e-6
                quality = min(2.0, max(0.5, 2.0 - 1.5 * adverse / stop[m]))
                velocity = min(2.0, max(0.5, 2.0 - 1.5 * (seconds - 300.0) / 600.0))
                label[m, i] = 1
                weight[m, i] = np.float32(quality * velocity * decay)


# ---------------------------------------------------------------- features


@kernel
def widen(values, step, out):
    """out[i]: the greater of values i and i - step, so that a window of w becomes one of up to w + step."""
    later = values[step:]
    widened = out[step:]
    for k in range(len(later)):
        widened[k] = max(values[k], later[k])


@kernel
def rolling_maxima(values, scratch, out):
    """Rolling maxima over 300, 900 and 1800 into out[0 … 2], valid from a full window on: windows of 2, 4, 8 … 1024,
    and of each the union of two. Thirteen passes that vectorise."""
    a, b = scratch[0][: len(values)], scratch[1][: len(values)]
    a[:] = values
    width = 1
    while width < 1024:
        widen(a, width, b)
        a, b = b, a
        width *= 2
        if width == 256:
            widen(a, 300 - width, out[0])
        elif width == 512:
            widen(a, 900 - width, out[1])
    widen(a, 1800 - width, out[2])


@kernel
def deviations_30(values, means, out):
    """Sample standard deviation of the last 30 values, two passes; out[k] belongs to row k + 30, the first value is left out.
    Block by block, a lag at a time, so that rows vectorise and stay in the first cache."""
    size = len(values) - 30
    for start in range(0, size, 512):
        mean = means[start : min(size, start + 512)]
        square = out[start : min(size, start + 512)]
        mean[:] = 0.0
        square[:] = 0.0
        for lag in range(1, 31):
            value = values[start + lag :]
            for k in range(len(mean)):
                mean[k] += value[k]
        for k in range(len(mean)):
            mean[k] /= 30.0
        for lag in range(1, 31):
            value = values[start + lag :]
            for k in range(len(mean)):
                difference = value[k] - mean[k]
                square[k] += difference * difference
        for k in range(len(mean)):
            square[k] = np.sqrt(square[k] / 29.0)


@kernel
def ranks_in_300(values, first, counts, out):
    """For rows from `first` on: how many of the last 300 values are below the row's, plus how many are not above it.
    Keeps the histogram of the window and moves through it from value to value."""
    counts[: values.max() + 1] = 0
    at = values[first - 1]
    below = 0
    for i in range(first - 300, first):
        counts[values[i]] += 1
        below += values[i] < at
    for i in range(first, len(values)):
        gone = values[i - 300]
        counts[gone] -= 1
        below -= gone < at
        value = values[i]
        for v in range(at, value):
            below += counts[v]
        for v in range(value, at):
            below -= counts[v]
        counts[value] += 1
        at = value
        out[i] = 2 * below + counts[value]


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
    tops, bottoms, mirrored = scratch[2:5], scratch[5:8], scratch[8][:n]
    rolling_maxima(H, scratch, tops)
    for i in range(n):
        mirrored[i] = -L[i]
    rolling_maxima(mirrored, scratch, bottoms)
    for i in range(1799, n):
        F[7, i] = (C[i] - tops[2, i]) * TICK_POINTS
        F[8, i] = (C[i] + bottoms[2, i]) * TICK_POINTS
    for r, width in enumerate((300, 900)):
        base = 9 + 4 * r
        for i in range(width - 1, n):
            top = tops[r, i]
            bottom = -bottoms[r, i]
            size = top - bottom
            F[base, i] = top * TICK_POINTS
            F[base + 1, i] = bottom * TICK_POINTS
            F[base + 2, i] = size * TICK_POINTS
            B[r, i] = (20 * (top - C[i]) <= size) | (20 * (C[i] - bottom) <= size)
    for i in range(299, n):
        F[12, i] = (C[i] + bottoms[0, i]) / (tops[0, i] + bottoms[0, i])
    for i in range(899, n):
        F[16, i] = (tops[0, i] + bottoms[0, i]) / (tops[1, i] + bottoms[1, i])


@kernel
def return_features(C, scratch, F):
    n = len(C)
    returns, means, deviations = scratch[0][:n], scratch[1], scratch[2]
    for i in range(1, n):
        returns[i] = (C[i] - C[i - 1]) / C[i - 1]
    for i in range(30, n):
        F[17, i] = (C[i] - C[i - 30]) / C[i - 30]
    for i in range(60, n):
        sixty = (C[i] - C[i - 60]) / C[i - 60]
        F[18, i] = sixty
        F[20, i] = (C[i] - C[i - 30]) / C[i - 30] - sixty
    for i in range(300, n):
        F[19, i] = (C[i] - C[i - 300]) / C[i - 300]
    deviations_30(returns, means, deviations)
    for i in range(30, n):
        F[21, i] = deviations[i - 30]


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
    if n > 328:
        ranks = np.empty(n, np.int32)
        ranks_in_300(ranges30[:n], 328, np.empty(ranges30[:n].max() + 1, np.int32), ranks)
        for i in range(328, n):
            F[27, i] = (ranks[i] + 1) / 6.0


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
        while row < end:
            stop = min(end, (row | 511) + 1)
            values = F[f, row:stop]
            missing = np.int32(0)
            for k in range(len(values)):
                missing = np.int32(missing + np.int32(values[k] != values[k]))
            unknown[f] += missing
            if missing == 0 and row & 7 == 0:
                known[f, row >> 3 : (stop + 7) >> 3] = 255
            else:
                for k in range(row, stop):
                    bit = np.uint8(1 << (k & 7))
                    if F[f, k] == F[f, k]:
                        known[f, k >> 3] |= bit
                    else:
                        known[f, k >> 3] &= ~bit
            row = stop


@kernel
def derive(
    O, H, L, C, V, ts, seconds, scopes, rolls, decay_rows, decays, modes, label, weight, F, B, known, unknown, prices
):  # fmt: skip
    """Labels, features, null bits and prices in points of all rows. scopes: [begin, end) of each, in order. The weights
    of rows decay_rows[d] … decay_rows[d + 1] decay by decays[d]. A walk and a window stay inside their scope."""
    longest = 0
    for s in range(len(scopes)):
        longest = max(longest, scopes[s, 1] - scopes[s, 0])
    wide = np.empty((6, longest + 1), np.int64)
    narrow = np.empty((9, longest + 1), np.int32)
    ups = np.empty(longest + 1, np.int32)
    ranges30 = np.empty(longest, np.int32)
    reals = np.empty((3, longest), np.float64)
    row_count = scopes[-1, 1]
    series = np.empty((2, row_count), np.int32)
    sixtyfours = np.empty((2, (row_count >> 6) + 1), np.int32)
    prefix = np.empty((2, row_count), np.int32)
    suffix = np.empty((2, row_count), np.int32)
    spans = np.empty((SPAN_LEVELS, 2, (row_count >> 3) + 1), np.int32)
    extremes = (series, sixtyfours, prefix, suffix, spans)
    unknown[:] = 0
    for s in range(len(scopes)):
        a, b = scopes[s]
        mirror(H, L, a, b, extremes)
        for d in range(len(decays)):
            first = max(a, decay_rows[d])
            last = min(b, decay_rows[d + 1])
            if first < last:
                label_rows(O, ts, first, last, b, extremes, rolls, decays[d], modes, label, weight)
        for f in range(len(WARM_UP)):
            F[f, a : min(b, a + WARM_UP[f])] = NAN32
        B[0, a : min(b, a + 299)] = 0
        B[1, a : min(b, a + 899)] = 0
        h, l, c, v, f, y = H[a:b], L[a:b], C[a:b], V[a:b], F[:, a:b], B[:, a:b]
        running_sums(h, l, c, v, wide[0], wide[1], wide[2], ups)
        volume_features(v, wide[0], f)
        price_features(c, v, wide[0], wide[1], reals[0], f)
        range_features(h, l, c, narrow, f, y)
        return_features(c, reals, f)
        volatility_features(h, l, wide[2], ranges30, wide[3], wide[4], f)
        flow_features(ups[: b - a + 1], f)
        time_features(seconds[a:b], y)
        mark_known(F, a, b, known, unknown)
        for i in range(a, b):
            prices[0, i] = O[i] * TICK_POINTS
            prices[1, i] = H[i] * TICK_POINTS
            prices[2, i] = L[i] * TICK_POINTS
            prices[3, i] = C[i] * TICK_POINTS
