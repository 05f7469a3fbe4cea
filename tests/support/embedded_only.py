"""Tests that are skipped where the events are in a ClickHouse (ANNOSCOPE_TEST_STORE=clickhouse), and why.

What users notice of it is in docs/clickhouse-store.md. The front of chDB runs one statement at a time, and answers when
all of it is there; what is streamed and ended is tried by `crates/store-clickhouse/src/trickle.rs`.
"""

from __future__ import annotations

FRONT = "chDB's front answers as a whole, and runs one statement at a time"
COUNTS = "chDB's front does not tell how many rows were read"
ORDER = "ClickHouse gives rows of constants in any order"
MESSAGE = "ClickHouse's own code and message of this error are not told apart"

# Beginnings of the tests' names.
REASONS: dict[str, str] = {
    "clickhouse/test_clients.py::test_sqlalchemy": ORDER,
    "clickhouse/test_clients.py::test_the_js_client": FRONT,
    "clickhouse/test_interface.py::test_settings_of_the_address": MESSAGE,
    "clickhouse/test_interface.py::test_a_failure_after_rows_is_told_within_the_body": FRONT,
    "clickhouse/test_interface.py::test_a_slow_reader_holds_up_nobody": FRONT,
    "clickhouse/test_interface.py::test_an_id_names_one_query_at_a_time": FRONT,
    "clickhouse/test_questions.py::test_grafana[SELECT name, type, table FROM system.col": ORDER,
    "ingest/test_webhooks.py::test_deliveries_are_answered_while_the_store_is_away": "it takes the file away",
    "query/test_limits.py::test_an_error_after_rows_is_told": FRONT,
    "query/test_query.py::test_json": COUNTS,
    "query/test_query.py::test_arrow_describes_its_values": "ClickHouse's Arrow has DateTime as a number",
    "query/test_query.py::test_explain": "the plan is ClickHouse's",
    "query/test_query.py::test_errors_while_a_query_runs": "ClickHouse gives NULL for a text that is no number",
    "query/test_query_formats.py::test_max_result_rows": MESSAGE,
    "query/test_query_formats.py::test_what_clients_ask": ORDER,
    "query/test_refresh.py": "there is no result cache",
    "query/test_running_queries.py": FRONT,
    "security/test_query_safety.py::test_starving": FRONT,
    "security/test_isolation.py::test_no_position_is_told_to_who_does_not_see_all": "a ClickHouse shows it",
}


def reason_without_clickhouse(nodeid: str) -> str | None:
    return next((reason for name, reason in REASONS.items() if nodeid.startswith(name)), None)
