"""Servers that tests start on a free port of this machine, and that end with the test."""

import contextlib
import functools
import http.server
import os
import signal
import socket
import subprocess
import sys
import threading
import time

START = 120  # seconds that a server may take on a slow machine


@contextlib.contextmanager
def files(folder):
    """The address of a folder's files."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    handler = functools.partial(Handler, directory=folder)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextlib.contextmanager
def module(*command, end=signal.SIGINT, **process):
    """The address of what `python -m COMMAND` serves, once it answers; a Ctrl-C ends it.

    Args:
        command: a module that takes --port and --no-browser, and its other arguments.
        end: the signal that ends it.
        process: what `Popen` is told besides.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", *command, "--no-browser", f"--port={port}"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        **process,
    )
    try:
        deadline = time.monotonic() + START
        while time.monotonic() < deadline:
            with contextlib.suppress(ConnectionError):
                # no more than this: each page that is asked for may start a kernel
                socket.create_connection(("127.0.0.1", port)).close()
                break
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}/"
    finally:
        os.killpg(server.pid, end)
        server.wait(timeout=60)
