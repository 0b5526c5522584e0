"""Spark with Delta for the tests: a JSON list of requests on stdin, a JSON list of answers on stdout.

One session serves all requests, since its start takes seconds. Jars come from BARLINE_SPARK_JARS.
"""

import json
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
out = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # whatever Java prints must not mix with the answers

from pyspark.sql import SparkSession  # noqa: E402

import parquet_values  # noqa: E402
from canonical import rows, value  # noqa: E402

jars = ",".join(str(jar) for jar in sorted(pathlib.Path(os.environ["BARLINE_SPARK_JARS"]).glob("*.jar")))
spark = (
    SparkSession.builder.master("local[1]")
    .config("spark.jars", jars)
    .config("spark.sql.extensions", "io.delta.sql.DeltaSparkSessionExtension")
    .config("spark.sql.catalog.spark_catalog", "org.apache.spark.sql.delta.catalog.DeltaCatalog")
    .config("spark.driver.host", "127.0.0.1")
    .config("spark.driver.bindAddress", "127.0.0.1")
    .config("spark.driver.memory", "1g")
    .config("spark.ui.enabled", "false")
    .config("spark.sql.session.timeZone", "UTC")
    .config("spark.driver.extraJavaOptions", "-Duser.timezone=UTC")
    .config("spark.sql.shuffle.partitions", "1")
    .config("spark.databricks.delta.snapshotPartitions", "1")
    .getOrCreate()
)
spark.sparkContext.setLogLevel("ERROR")


def load(path, version=None, timestamp=None):
    reader = spark.read.format("delta")
    if version is not None:
        reader = reader.option("versionAsOf", version)
    if timestamp is not None:
        reader = reader.option("timestampAsOf", timestamp)
    return reader.load(path)


def read(path, columns, version=None, timestamp=None):
    return rows(load(path, version, timestamp).toArrow(), columns)


def export(path, output, version=None):
    """The table as one Parquet file, for tables too large to send as text."""
    import pyarrow.parquet as pq

    pq.write_table(load(path, version).toArrow(), output)


def counts(path, predicates):
    return [load(path).where(p).count() for p in predicates]


def files(path, predicate):
    return len(load(path).where(predicate).inputFiles())


def history(path):
    found = spark.sql(f"DESCRIBE HISTORY delta.`{path}`").collect()
    return [
        {"version": h.version, "operation": h.operation, "parameters": h.operationParameters, "metrics": h.operationMetrics, "engine": h.engineInfo}
        for h in found
    ]


def detail(path):
    d = spark.sql(f"DESCRIBE DETAIL delta.`{path}`").collect()[0]
    return {"partitionColumns": d.partitionColumns, "numFiles": d.numFiles, "sizeInBytes": d.sizeInBytes, "protocol": [d.minReaderVersion, d.minWriterVersion]}


def append(path, parquet):
    spark.read.parquet(parquet).write.format("delta").mode("append").save(path)


def replace_where(path, parquet, predicate):
    spark.read.parquet(parquet).write.format("delta").mode("overwrite").option("replaceWhere", predicate).save(path)


def sql(text):
    return [[value(x) for x in row] for row in spark.sql(text).collect()]


def try_sql(text):
    try:
        return sql(text)
    except Exception as error:  # noqa: BLE001
        return {"error": f"{text}: {error}"[:2000]}


def parquet(path, columns):
    return rows(spark.read.parquet(path).toArrow(), columns)


def parquet_cases(path):
    """The files of parquet-cases.ts: how many were read, where they differ from what was written, what was refused."""
    read, wrong, refused = 0, [], {}
    for file in sorted(pathlib.Path(path).glob("*.parquet")):
        expected = json.loads(file.with_suffix(".json").read_text())
        try:
            table = spark.read.parquet(str(file)).toArrow()
        except Exception as error:  # noqa: BLE001
            lines = str(error).splitlines()
            refused[file.stem] = "\n".join(line for line in lines if not line.startswith("\tat "))
            continue
        read += 1
        wrong += parquet_values.differences(file.stem, expected, table)
    return {"read": read, "differences": wrong[:20], "refused": refused}


answers = [globals()[request["do"]](**request["with"]) for request in json.load(sys.stdin)]
json.dump(answers, out)
out.flush()
spark.stop()
