"""What CVAT's server does to export events, with the client that is installed: the shape of its query and of its calls
(docs/contract.md). Prints the client's version, and writes the CSV.

    cvat_export.py HOST PORT USER PASSWORD OUT '{"user_id": 5, "from": "2026-06-01T00:00:00Z"}'
"""

import csv
import datetime
import json
import sys

import clickhouse_connect

host, port, user, password, out, filters = sys.argv[1:]
filters = json.loads(filters)
conditions, parameters = [], {}
for name, sign in (("from", ">="), ("to", "<=")):
    if text := filters.get(name):
        time = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
        # A range that the user gave is a float, CVAT's own default is a datetime.
        parameters[name] = time if filters.get("is_default") else time.timestamp()
        conditions.append(f"timestamp {sign} {{{name}:DateTime64}}")
for name in ("org_id", "project_id", "task_id", "job_id", "user_id"):
    if (value := filters.get(name)) is not None:
        parameters[name] = value
        conditions.append(f"{name} = {{{name}:UInt64}}")
query = "SELECT * FROM events"
if conditions:
    query += " WHERE " + " AND ".join(conditions)
query += " ORDER BY timestamp ASC"

client = clickhouse_connect.get_client(host=host, database="cvat", port=int(port), username=user, password=password)
result = client.query(query, parameters=parameters)
with open(out, "w", encoding="UTF8", newline="") as file:
    writer = csv.writer(file)
    writer.writerow(result.column_names)
    writer.writerows(result.result_rows)
client.close()
print(clickhouse_connect.__version__ if hasattr(clickhouse_connect, "__version__") else "?")
