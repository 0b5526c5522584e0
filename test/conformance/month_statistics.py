"""The statistics of a month's weights and features by numpy, from the Parquet file that a run wrote.

    month_statistics.py MONTH.parquet

Prints a JSON object: of every mode its counts, mean, deviation, bounds and percentiles; of every feature the share of
nulls, bounds and outliers. Percentiles and outliers are there twice: of the values as they are, and of the values
rounded to 12 significant bits, prices as distances from the month's first open.
"""

import json
import sys

import numpy as np
import pyarrow.parquet as pq

PERCENTILES = [25, 50, 75, 90, 95]
PRICES = {"vwap", "short_range_high", "short_range_low", "medium_range_high", "medium_range_low"}


def rounded(values):
    bits = values.astype(np.float32).view(np.uint32).astype(np.uint64)
    return (((bits + 0x800) >> 12) << 12).astype(np.uint32).view(np.float32).astype(np.float64)


def outliers(values):
    first, third = np.percentile(values, [25, 75])
    reach = 1.5 * (third - first)
    return int(((values < first - reach) | (values > third + reach)).sum())


def mode(label, weight):
    return {
        "win_rate": float((label == 1).mean()),
        "total_winners": int((label == 1).sum()),
        "total_samples": len(label),
        "avg_weight": float(weight.astype(np.float64).mean()),
        "weight_std": float(weight.astype(np.float64).std(ddof=1)),
        "min": float(weight.min()),
        "max": float(weight.max()),
        "exact": [float(p) for p in np.percentile(weight.astype(np.float64), PERCENTILES)],
        "rounded": [float(p) for p in np.percentile(rounded(weight), PERCENTILES)],
    }


def feature(column, origin):
    values = column.drop_null().to_numpy()
    binary = values.dtype != np.float32
    near = values.astype(np.float64) if binary else rounded((values.astype(np.float64) - origin).astype(np.float32))
    return {
        "nan_percentage": column.null_count / len(column) * 100,
        "min": float(values.min()),
        "max": float(values.max()),
        "exact": outliers(values.astype(np.float64)),
        "rounded": outliers(near),
        "count": len(values),
    }


def main(path):
    table = pq.read_table(path, partitioning=None).combine_chunks().sort_by("timestamp").combine_chunks()
    names = table.column_names
    origin = table["open"][0].as_py()
    modes = [name.removeprefix("label_") for name in names if name.startswith("label_")]
    features = names[names.index("volume_ratio_30s") :]
    print(
        json.dumps(
            {
                "modes": {
                    name: mode(table[f"label_{name}"].to_numpy(), table[f"weight_{name}"].to_numpy()) for name in modes
                },
                "features": {name: feature(table[name], origin if name in PRICES else 0) for name in features},
            }
        )
    )


main(sys.argv[1])
