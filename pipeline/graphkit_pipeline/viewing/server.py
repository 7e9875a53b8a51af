"""A small HTTP server on this machine: the viewer's client files, and the data that it draws.

    /v/TOKEN/NAME              the client's files
    /events/TOKEN              kept open: the client says so when the server has gone
    /data/TOKEN/state.json     what to draw
    /data/TOKEN/SOURCE/KEY     a source's files (``Source.find``)

Only 127.0.0.1 is listened to. The token is random, so that a web page that guesses the port cannot read unpublished
images; with it, any page may (CORS), such as another Neuroglancer. CloudVolume keeps KEY as KEY.gz: it is sent as KEY
with ``Content-Encoding: gzip``. A plain file is sent in ranges where the client asks so, as sharded volumes need.
"""

from __future__ import annotations

import contextlib
import gzip
import hmac
import json
import secrets
import shutil
import sys
import threading
import urllib.parse
from collections.abc import Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Protocol

from graphkit.errors import GraphkitError

__all__ = ["FolderSource", "Source", "ViewServer"]

_HOST = "127.0.0.1"
_HEARTBEAT_S = 15.0
_COPY_BYTES = 1 << 20
_ENCODINGS = {".gz": "gzip", ".br": "br"}
_TYPES = {
    ".css": "text/css",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript",
    ".json": "application/json",
    ".map": "application/json",
    ".wasm": "application/wasm",
}


class Source(Protocol):
    """Files by key, such as ``info`` or ``mesh/12:0``."""

    def find(self, key: str) -> Path | bytes | None:
        """The file at ``key``, its content, or None where there is nothing."""
        ...


class FolderSource:
    """A folder's files, and nothing outside it, whatever the key and whatever links lie in it."""

    def __init__(self, folder: Path) -> None:
        self._root = folder.resolve()

    def find(self, key: str) -> Path | None:
        """The file ``key`` or, where that is not there, ``key.gz`` or ``key.br``."""
        parts = key.split("/")
        if any(part in ("", ".", "..") or "\\" in part or "\0" in part for part in parts):
            return None
        for suffix in ("", *_ENCODINGS):
            path = self._root.joinpath(*parts[:-1], parts[-1] + suffix)
            try:
                if path.is_file() and path.resolve().is_relative_to(self._root):
                    return path
            except OSError:  # a name too long for the file system is not there
                return None
        return None


class ViewServer:
    """Serves ``client`` (a folder) and ``sources`` until ``close``. ``state`` may be changed while it runs.

    Raises:
        GraphkitError: the port is taken.
    """

    def __init__(self, client: Path, sources: Mapping[str, Source], *, port: int = 0) -> None:
        self.token = secrets.token_urlsafe(12)
        self.sources = dict(sources)
        self.client = FolderSource(client)
        self.state: dict[str, Any] = {}
        self.closing = threading.Event()
        if not 0 <= port <= 65535:
            raise GraphkitError(f"Port {port} is not a port.", hint="Expected 1 to 65535, or 0 for any free one.")
        try:
            self._http = _Http((_HOST, port), _Handler)
        except OSError as error:
            raise GraphkitError(
                f"Port {port} cannot be listened to: {error.strerror or error}.",
                hint="Give another --port, or none for any free one.",
            ) from error
        self._http.view = self
        self.origin = f"http://{_HOST}:{self._http.server_address[1]}"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.1,), name="graphkit view", daemon=True)
        self._thread.start()

    @property
    def data_url(self) -> str:
        """Where the sources are: ``data_url/SOURCE/KEY``."""
        return f"{self.origin}/data/{self.token}"

    @property
    def client_url(self) -> str:
        """The viewer's page."""
        return f"{self.origin}/v/{self.token}/"

    def close(self) -> None:
        """Stops listening; open pages say that the server has gone."""
        if not self.closing.is_set():
            self.closing.set()
            self._http.shutdown()
            self._http.server_close()
            self._thread.join()


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    view: ViewServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        # A browser drops the requests of chunks that went out of sight; that is no error.
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Http

    def log_message(self, format: str, *args: Any) -> None:
        """Silent: a view makes thousands of requests."""

    def do_OPTIONS(self) -> None:
        self._reply(HTTPStatus.NO_CONTENT, b"")

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        view = self.server.view
        area, token, path = [*urllib.parse.urlsplit(self.path).path.lstrip("/").split("/", 2), "", ""][:3]
        if self.path == "/favicon.ico":  # every browser asks for one
            self._reply(HTTPStatus.NO_CONTENT, b"")
            return
        if not hmac.compare_digest(token.encode(), view.token.encode()):
            self._refuse(HTTPStatus.NOT_FOUND, "Nothing is here. Open the whole address that graphkit view printed.")
            return
        key = urllib.parse.unquote(path)
        if area == "events" and not key:
            self._events()
        elif area == "v":
            self._send(view.client.find(key or "index.html"), key or "index.html")
        elif area == "data" and key == "state.json":
            self._send(json.dumps(view.state).encode(), key)
        elif area == "data":
            name, _, rest = key.partition("/")
            source = view.sources.get(name)
            try:
                found = source.find(rest) if source and rest else None
            except GraphkitError as error:
                self._refuse(HTTPStatus.INTERNAL_SERVER_ERROR, str(error))
                return
            self._send(found, key)
        else:
            self._send(None, key)

    def _send(self, found: Path | bytes | None, key: str) -> None:
        if found is None:
            self._refuse(HTTPStatus.NOT_FOUND, f"There is no {key}.")
            return
        content_type = _TYPES.get(Path(key).suffix, "application/octet-stream")
        if isinstance(found, bytes):
            self._reply(HTTPStatus.OK, found, content_type=content_type)
            return
        encoding = _ENCODINGS.get(found.suffix) if found.name != Path(key).name else None
        if encoding == "gzip" and "gzip" not in self.headers.get("Accept-Encoding", ""):
            with gzip.open(found) as packed:
                self._reply(HTTPStatus.OK, packed.read(), content_type=content_type)
        else:
            self._send_file(found, content_type, encoding)

    def _send_file(self, path: Path, content_type: str, encoding: str | None) -> None:
        try:
            file = path.open("rb")
        except OSError as error:
            self._refuse(HTTPStatus.INTERNAL_SERVER_ERROR, f"{path.name} cannot be read: {error.strerror}.")
            return
        with file:
            size = path.stat().st_size
            # A range counts bytes of the content, not of its packed form: what is packed goes whole, as HTTP allows.
            span = None if encoding else self.headers.get("Range")
            if span is None:
                headers = {"Content-Encoding": encoding} if encoding else {"Accept-Ranges": "bytes"}
                self._head(HTTPStatus.OK, size, content_type, headers)
                start, stop = 0, size
            else:
                bounds = _parse_range(span, size)
                if bounds is None:
                    headers = {"Content-Range": f"bytes */{size}"}
                    self._head(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, 0, content_type, headers)
                    return
                start, stop = bounds
                headers = {"Content-Range": f"bytes {start}-{stop - 1}/{size}"}
                self._head(HTTPStatus.PARTIAL_CONTENT, stop - start, content_type, headers)
            if self.command != "HEAD":
                file.seek(start)
                if stop == size:
                    shutil.copyfileobj(file, self.wfile, _COPY_BYTES)
                else:
                    self.wfile.write(file.read(stop - start))

    def _events(self) -> None:
        """Keeps the line open until the server closes or the page does."""
        self.close_connection = True
        self._head(HTTPStatus.OK, None, "text/event-stream", {"Connection": "close"})
        with contextlib.suppress(ConnectionError):
            while self.command != "HEAD":
                self.wfile.write(b": here\n\n")
                if self.server.view.closing.wait(_HEARTBEAT_S):
                    return

    def _refuse(self, status: HTTPStatus, message: str) -> None:
        self._reply(status, message.encode(), content_type="text/plain; charset=utf-8")

    def _reply(self, status: HTTPStatus, body: bytes, *, content_type: str = "text/plain") -> None:
        self._head(status, len(body), content_type, {})
        if self.command != "HEAD":
            self.wfile.write(body)

    def _head(self, status: HTTPStatus, size: int | None, content_type: str, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        if size is not None:
            self.send_header("Content-Length", str(size))
        self.send_header("Access-Control-Allow-Origin", "*")
        self.send_header("Access-Control-Allow-Headers", "Range")
        self.send_header("Access-Control-Expose-Headers", "Content-Range")
        self.send_header("Cache-Control", "no-cache")  # a run that goes on writes the same names again
        self.send_header("Referrer-Policy", "no-referrer")  # the address holds the token
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()


def _parse_range(text: str, size: int) -> tuple[int, int] | None:
    """``bytes=A-B``, ``bytes=A-`` or ``bytes=-N`` as [start, stop); None where no byte of it exists."""
    unit, _, span = text.partition("=")
    first, dash, last = span.partition("-")
    try:
        if unit.strip() != "bytes" or not dash:
            return None
        if first:
            start, stop = int(first), min(int(last) + 1 if last else size, size)
        else:
            start, stop = max(size - int(last), 0), size
    except ValueError:
        return None
    return (start, stop) if start < stop else None
