"""What the Python peer makes of a month: one JSON line per DBN file named after the peer's folder."""
import datetime as dt
import hashlib
import json
import sys

sys.path.insert(0, sys.argv[1])
import numpy as np  # noqa: E402
import peer_month as peer  # noqa: E402

calendar = peer.load_calendar()
for path in sys.argv[2:]:
    month = peer.decode_month(path, calendar, peer.Clock())
    sessions = []
    for session in month["sessions"]:
        rows = slice(session["start"], session["start"] + session["rows"])
        columns = np.stack([month[name][rows].astype("<i4") for name in "OHLCV"])
        sessions.append(
            {
                "date": session["date"],
                "front": session["front"],
                "rows": session["rows"],
                "real": session["real"],
                "open": dt.datetime.fromtimestamp(session["utc"], dt.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
                "sha256": hashlib.sha256(np.ascontiguousarray(columns).tobytes()).hexdigest(),
            }
        )
    result = {key: month[key] for key in ("raw", "front", "session", "descents", "unmapped", "fronts", "counts")}
    print(json.dumps({**result, "sessions": sessions}))
