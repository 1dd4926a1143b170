"""Serve a built site on the loopback address, as any web server of static files would."""

from __future__ import annotations

import contextlib
import functools
import http.server
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar, NamedTuple


class Served(NamedTuple):
    """A running server: its address, and the paths that were asked for."""

    address: str
    requests: list[str]
    folder: Path

    def expect_only_own(self, requests: Sequence[str]) -> None:
        """Fail if a browser asked another host for something."""
        own = (self.address, f"blob:{self.address}", "data:")
        foreign = [address for address in requests if not address.startswith(own)]
        assert requests and not foreign, foreign


class _Quiet(http.server.SimpleHTTPRequestHandler):
    extensions_map: ClassVar = {
        **http.server.SimpleHTTPRequestHandler.extensions_map,
        ".mjs": "text/javascript",
        ".wasm": "application/wasm",
    }

    def __init__(self, requests: list[str], *arguments: Any, directory: str) -> None:
        self._requests = requests
        super().__init__(*arguments, directory=directory)

    def log_message(self, format: str, *args: object) -> None:
        """Note the path, and say nothing."""
        self._requests.append(self.path)


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[Served]:
    """Serve a folder while the context lasts."""
    requests: list[str] = []
    handler = functools.partial(_Quiet, requests, directory=str(folder.resolve()))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield Served(f"http://127.0.0.1:{server.server_address[1]}/", requests, folder)
        finally:
            server.shutdown()
            thread.join()
