"""What the vendor's own library makes of DBN files.

    dbn_peer.py FILE ...

One JSON object a file: its metadata, its bars, the bytes left over, and the same metadata and records encoded again by
the library (hexadecimal).
"""
import json
import sys

import databento_dbn as dbn


def name(value):
    return None if value is None else str(value)


def metadata_json(metadata):
    mappings = [
        {
            'raw_symbol': symbol,
            'intervals': [
                {'start_date': str(i['start_date']), 'end_date': str(i['end_date']), 'symbol': i['symbol']}
                for i in intervals
            ],
        }
        for symbol, intervals in sorted(metadata.mappings.items())
    ]
    return {
        'version': metadata.version,
        'dataset': metadata.dataset,
        'schema': name(metadata.schema),
        'stype_in': name(metadata.stype_in),
        'stype_out': name(metadata.stype_out),
        'start': str(metadata.start),
        'end': name(metadata.end),
        'limit': name(metadata.limit),
        'ts_out': metadata.ts_out,
        'symbol_cstr_len': metadata.symbol_cstr_len,
        'symbols': list(metadata.symbols),
        'partial': list(metadata.partial),
        'not_found': list(metadata.not_found),
        'mappings': mappings,
    }


def bar_json(bar, ts_out):
    fields = {
        'rtype': bytes(bar)[1],
        'publisher_id': int(bar.publisher_id),
        'instrument_id': bar.instrument_id,
        **{key: str(getattr(bar, key)) for key in ('ts_event', 'open', 'high', 'low', 'close', 'volume')},
    }
    return {**fields, 'ts_out': str(bar.ts_out)} if ts_out else fields


def read(path):
    compression = dbn.Compression.ZSTD if path.endswith('.zst') else dbn.Compression.NONE
    decoder = dbn.DBNDecoder(compression=compression, upgrade_policy=dbn.VersionUpgradePolicy.AS_IS)
    with open(path, 'rb') as file:
        decoder.write(file.read())
    metadata, *bars = decoder.decode()
    return {
        'metadata': metadata_json(metadata),
        'bars': [bar_json(bar, metadata.ts_out) for bar in bars],
        'left_over': len(decoder.buffer()),
        'metadata_hex': metadata.encode().hex(),
        'records_hex': b''.join(bytes(bar) for bar in bars).hex(),
    }


for path in sys.argv[1:]:
    print(json.dumps(read(path)))
