"""A proxy that passes everything on to one origin and keeps a copy."""

import http.client
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from specifications import Exchange

# What belongs to one connection and not to the message.
HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "host", "accept-encoding"}


class Recorder:
    """Stands in front of each origin it is given, on a port of its own.

    Addresses of an origin that stand in an answer (pages name the next one so) are changed to the proxy's, or a client
    would rightly refuse to follow them to another host.
    """

    def __init__(self):
        self.exchanges = []
        self._servers = []
        self._stand_ins = {}

    def in_front_of(self, origin):
        """The proxy's own origin for `origin`."""
        if origin not in self._stand_ins:
            server = ThreadingHTTPServer(("127.0.0.1", 0), handler_for(self, urlsplit(origin).netloc))
            server.daemon_threads = True
            threading.Thread(target=server.serve_forever, daemon=True).start()
            self._servers.append(server)
            self._stand_ins[origin] = f"http://127.0.0.1:{server.server_address[1]}"
        return self._stand_ins[origin]

    def taken(self):
        """What was recorded since the last time."""
        taken, self.exchanges = self.exchanges, []
        return taken

    def close(self):
        for server in self._servers:
            server.shutdown()
            server.server_close()

    def with_stand_ins(self, body):
        for origin, stand_in in self._stand_ins.items():
            body = body.replace(origin.encode(), stand_in.encode())
        return body


def handler_for(recorder, upstream):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def pass_on(self):
            length = int(self.headers.get("content-length", 0))
            body = self.rfile.read(length)
            sent = {name.lower(): value for name, value in self.headers.items()}
            connection = http.client.HTTPConnection(upstream, timeout=60)
            try:
                headers = {name: value for name, value in sent.items() if name not in HOP_BY_HOP}
                connection.request(self.command, self.path, body or None, {**headers, "accept-encoding": "identity"})
                answer = connection.getresponse()
                content = recorder.with_stand_ins(answer.read())
            finally:
                connection.close()
            received = {name.lower(): value for name, value in answer.getheaders()}
            recorder.exchanges.append(
                Exchange(self.command, self.path, sent, body, answer.status, received, content)
            )
            self.send_response_only(answer.status)
            for name, value in received.items():
                if name not in HOP_BY_HOP and name != "content-length":
                    self.send_header(name, value)
            if answer.status not in (204, 304):
                self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = pass_on

        def log_message(self, *_arguments):
            """Says nothing: requests carry credentials."""

    return Handler
