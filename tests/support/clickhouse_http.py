#!/usr/bin/env python3
"""A real ClickHouse engine behind the ClickHouse HTTP interface, for tests.

The engine is chDB (ClickHouse built as a library; `pip install chdb-core lz4 zstandard`), so SQL,
types, formats and errors are ClickHouse's own. Only the HTTP front is written here:

    GET/POST /?query=...&database=...&default_format=...   run a statement
    body                                                    the statement, or the data of an INSERT
    X-ClickHouse-User / -Key, user= / password=, Basic      checked when --user is given
    param_<name>=value                                      typed query parameters {name:Type}
    insert_deduplication_token=...                          passed on: the engine drops replays only where the table's
                                                            settings say so (non_replicated_deduplication_window)
    GET /ping                                               "Ok.\n"

    clickhouse_http.py --port 8123 --path DIR [--user u --password p]
                       [--fail-rate 0.1] [--down-file PATH] [--config FILE]

`--fail-rate` answers that share of INSERTs with 500 *after or before* storing the rows, and
`--down-file` makes every request fail with 503 while PATH exists: both are for tests
of retries and outages. `--config` is a server's configuration: a test keeper, macros, clusters. One request runs at a time, as chDB's session is single-threaded.
"""

import argparse
import base64
import gzip
import http.server
import os
import random
import re
import socketserver
import tempfile
import threading
import urllib.parse
import zlib

import lz4.frame
import zstandard
from chdb import session

INSERT = re.compile(
    r"^\s*INSERT\s+INTO\s+(?:TABLE\s+)?(?P<into>.+?)\s+FORMAT\s+(?P<format>\w+)\s*(?P<rest>.*)$", re.I | re.S
)
FORMAT = re.compile(r"\bFORMAT\s+(\w+)\s*;?\s*$", re.I)
CONTROL = {
    "query",
    "database",
    "default_format",
    "user",
    "password",
    "session_id",
    "query_id",
    "session_timeout",
    "session_check",
    "compress",
    "decompress",
    "enable_http_compression",
    "insert_deduplication_token",
    "client_protocol_version",
    "wait_end_of_query",
    "buffer_size",
    "send_progress_in_http_headers",
    "http_headers_progress_interval_ms",
    "role",
    "quota_key",
}


DECODERS = {
    "gzip": gzip.decompress,
    "deflate": zlib.decompress,
    "lz4": lambda b: lz4.frame.decompress(b),
    "zstd": lambda b: zstandard.ZstdDecompressor().decompressobj().decompress(b),
}


class Engine:
    def __init__(self, path, config):
        self.session = session.Session(f"{path}?config-file={config}" if config else path)
        self.lock = threading.Lock()

    def run(self, sql, fmt):
        with self.lock:
            return self.session.query(sql, fmt).bytes() or b""


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "chdb-http"
    # The head and the body of an answer are written apart: the body would wait 40 ms for the client's acknowledgement.
    disable_nagle_algorithm = True

    def log_message(self, *args):
        pass

    def do_GET(self):
        self.handle_query(b"")

    def do_POST(self):
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            body = b""
            while size := int(self.rfile.readline().split(b";")[0], 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        encoding = (self.headers.get("Content-Encoding") or "").lower()
        if encoding and encoding not in DECODERS:
            return self.answer(400, f"Code: 1. unsupported Content-Encoding {encoding}".encode())
        self.handle_query(DECODERS[encoding](body) if encoding else body)

    def answer(self, status, body, **headers):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-ClickHouse-Server-Display-Name", "chdb")
        self.send_header("X-ClickHouse-Timezone", "UTC")
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def authorized(self, q):
        opts = self.server.options
        if not opts.user:
            return True
        basic = self.headers.get("Authorization", "")
        if basic.startswith("Basic "):
            user, _, password = base64.b64decode(basic[6:]).decode().partition(":")
        else:
            user = self.headers.get("X-ClickHouse-User") or q.get("user", "default")
            password = self.headers.get("X-ClickHouse-Key") or q.get("password", "")
        return (user, password) == (opts.user, opts.password)

    def handle_query(self, body):
        opts, engine = self.server.options, self.server.engine
        url = urllib.parse.urlsplit(self.path)
        q = dict(urllib.parse.parse_qsl(url.query, keep_blank_values=True))
        if url.path == "/ping":
            return self.answer(200, b"Ok.\n")
        if opts.down_file and os.path.exists(opts.down_file):
            return self.answer(503, b"Code: 210. DB::NetException: down for a test")
        if not self.authorized(q):
            return self.answer(
                403,
                b"Code: 516. DB::Exception: Authentication failed. (AUTHENTICATION_FAILED)",
                X_ClickHouse_Exception_Code="516",
            )
        sql, data = (q["query"], body) if "query" in q else split_insert(body)
        settings = [f"{k} = '{v}'" for k, v in q.items() if k not in CONTROL and not k.startswith("param_")]
        prelude = "".join(f"SET param_{k[6:]} = '{v}'; " for k, v in q.items() if k.startswith("param_"))
        if q.get("database"):
            prelude = f"USE {q['database']}; " + prelude
        try:
            if m := INSERT.match(sql):
                if token := q.get("insert_deduplication_token"):
                    settings.append(f"insert_deduplication_token = '{token}'")
                return self.insert(engine, opts, prelude, m, data or m["rest"].encode(), settings)
            if data and not FORMAT.search(sql):
                sql = sql + "\n" + data.decode()
            fmt = FORMAT.search(sql)
            name = (
                fmt.group(1)
                if fmt
                else (q.get("default_format") or self.headers.get("X-ClickHouse-Format") or "TabSeparated")
            )
            if fmt:
                sql = sql[: fmt.start()]
            sql = sql.rstrip().rstrip(";")
            # Those of the text win.
            settings = [pair for pair in settings if not re.search(rf"\b{pair.split(' = ')[0]}\s*=", sql)]
            if settings and re.match(r"\s*(SELECT|WITH|EXPLAIN)\b", sql, re.I):
                sql += (", " if re.search(r"\bSETTINGS\b", sql, re.I) else " SETTINGS ") + ", ".join(settings)
            self.answer(
                200, engine.run(prelude + sql, name), Content_Type="application/octet-stream", X_ClickHouse_Format=name
            )
        except Exception as e:  # the engine's own message, as the server would send it
            # What the statement printed before it failed is left in chDB, and would begin the next answer.
            engine.run("SELECT 1", "TabSeparated")
            code = re.search(r"Code: (\d+)", str(e))
            self.answer(
                404 if code and code[1] in ("60", "81") else 400 if code and code[1] == "62" else 500,
                str(e).encode(),
                X_ClickHouse_Exception_Code=code[1] if code else "1",
            )

    def insert(self, engine, opts, prelude, m, data, settings):
        fail = random.random() < opts.fail_rate
        if fail and random.random() < 0.5:
            return self.answer(500, b"Code: 999. DB::Exception: failed before storing, for a test")
        with tempfile.NamedTemporaryFile(suffix=".data") as f:
            f.write(data)
            f.flush()
            columns = f"({m['into'].split('(', 1)[1]}" if "(" in m["into"] else ""
            names = columns.strip("()") if columns else "*"
            having = f"SETTINGS {', '.join(settings)} " if settings else ""
            engine.run(
                f"{prelude}INSERT INTO {m['into']} {having}SELECT {names} FROM file('{f.name}', '{m['format']}')",
                "CSV",
            )
        if fail:
            return self.answer(500, b"Code: 999. DB::Exception: failed after storing, for a test")
        self.answer(200, b"")


def split_insert(body):
    """A statement sent as the body: what follows the first line of an INSERT is its data."""
    head, _, rest = body.partition(b"\n")
    if INSERT.match(head.decode(errors="replace")):
        return head.decode(), rest
    return body.decode(), b""


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    request_queue_size = 128


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--host", default="127.0.0.1")
    p.add_argument("--port", type=int, default=8123)
    p.add_argument("--path", required=True)
    p.add_argument("--user", default="")
    p.add_argument("--password", default="")
    p.add_argument("--fail-rate", type=float, default=0.0)
    p.add_argument("--down-file", default="")
    p.add_argument("--config", default="")
    options = p.parse_args()
    server = Server((options.host, options.port), Handler)
    server.options, server.engine = options, Engine(options.path, options.config)
    print(
        f"ClickHouse {server.engine.run('SELECT version()', 'TabSeparated').decode().strip()} "
        f"on http://{options.host}:{server.server_address[1]}",
        flush=True,
    )
    server.serve_forever()


if __name__ == "__main__":
    main()
