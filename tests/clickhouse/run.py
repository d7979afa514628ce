"""Runs a command beside ClickHouse's own engine (chdb) behind the part of its HTTP interface that
the collector uses: `run.py COMMAND…`. The command finds it at DRIFTLINE_CLICKHOUSE_URL."""

import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

from chdb import session

# one engine a process; statements come one after the other
engine = session.Session()
turn = threading.Lock()

# of the HTTP interface itself
INTERFACE = {"query", "database", "wait_end_of_query"}


def run(arguments: dict, body: bytes) -> bytes:
    query = arguments["query"]
    if body:
        query += "\n" + body.decode()
    parameters = {k[len("param_"):]: v for k, v in arguments.items() if k.startswith("param_")}
    settings = {k: v for k, v in arguments.items() if k not in INTERFACE and not k.startswith("param_")}
    with turn:
        engine.query(f"USE {arguments.get('database', 'default')}")
        for name, value in settings.items():
            engine.query(f"SET {name} = '{value}'")
        try:
            return engine.query(query, "JSONEachRow", params=parameters).bytes()
        finally:
            for name in settings:
                engine.query(f"SET {name} = DEFAULT")


class Interface(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        if "chunked" in self.headers.get("transfer-encoding", ""):
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
        arguments = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
        try:
            status, answer = 200, run(arguments, body)
        except Exception as fault:  # whatever the engine says is the answer
            status, answer = 500, str(fault).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


def main() -> int:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Interface)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    version = str(engine.query("SELECT version()", "TSV")).strip()
    print(f"ClickHouse {version} in this process", flush=True)
    url = f"http://127.0.0.1:{server.server_port}"
    environment = {**os.environ, "DRIFTLINE_CLICKHOUSE_URL": url, "DRIFTLINE_CLICKHOUSE": "required"}
    return subprocess.run(sys.argv[1:], env=environment).returncode


if __name__ == "__main__":
    # the engine's threads do not end by themselves
    os._exit(main())
