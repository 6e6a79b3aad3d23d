"""Workbooks and zip files are read in a process of their own, which a trick may kill.

It is started anew for each file: not forked, so it has no connection and no memory of ours, and
with no environment, so it has no secret. `unpacking/` is what runs there.
"""

import json
import logging
import os
import select
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from backoffice.bulk.readers.base import Limits
from backoffice.bulk.readers.refusals import refusal
from backoffice.bulk.unpacking.confinement import OUT_OF_MEMORY
from backoffice.bulk.unpacking.frames import FRAME, HEADER, REFUSED
from backoffice.bulk.values.faults import FileRefused

ROOT = Path(__file__).resolve().parents[3]
PROGRAM = (
    "import sys; sys.path.insert(0, sys.argv[1]);"
    "from backoffice.bulk.unpacking.process import main; main()"
)
# Isolated, and without the packages of the environment: their import would take longer than ours.
COMMAND = ("-I", "-S", "-c", PROGRAM, str(ROOT))
# One arena: each further one would count against the limit of addresses.
ENVIRONMENT = {"LC_ALL": "C.UTF-8", "MALLOC_ARENA_MAX": "1"}
LIBRARIES = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")  # where a Python may have its own
SILENCE = 60  # seconds without a frame, while we wait for one
AFTERWARDS = 10  # seconds until a process whose pipe is closed has ended
BYTES_OF_A_CHARACTER = 4  # in UTF-8, at the most
SEPARATORS = 1_000_000  # bytes: a frame's other content
log = logging.getLogger("backoffice.bulk")
Frame = tuple[bytes, bytes]


class ReaderProcess:
    """A process that does one task on one file; a context manager that ends it in any case."""

    def __init__(self, path: Path, task: str, limits: Limits) -> None:
        self._path, self._task, self._limits = path, task, limits
        self._buffer = bytearray()
        self._most = BYTES_OF_A_CHARACTER * (FRAME + limits.max_row_bytes) + SEPARATORS

    def __enter__(self) -> "ReaderProcess":
        limits = self._limits
        bounds = (limits.max_bytes, limits.max_rows, limits.max_row_bytes)
        with self._path.open("rb") as file:
            arguments = map(str, (self._task, file.fileno(), *bounds))
            try:
                self._process = subprocess.Popen(
                    [sys.executable, *COMMAND, *arguments],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    pass_fds=[file.fileno()],
                    env=ENVIRONMENT | {k: os.environ[k] for k in LIBRARIES if k in os.environ},
                    cwd="/",
                    bufsize=0,
                )
            except OSError as error:  # no memory, or too many processes
                log.error("The process that reads files did not start: %s", error)
                raise refusal("not_started") from error
        self._answers = self._stream(self._process.stdout)
        self._poll = select.poll()
        self._poll.register(self._answers, select.POLLIN)
        return self

    def __exit__(self, *_exception: object) -> None:
        self._process.kill()
        self._process.wait()  # leaves no zombie
        for stream in (self._process.stdin, self._process.stdout):
            with suppress(BrokenPipeError):
                self._stream(stream).close()

    @staticmethod
    def _stream(stream: IO[bytes] | None) -> IO[bytes]:
        assert stream is not None  # all of them are pipes
        return stream

    def request(self, *numbers: int) -> None:
        """Ask for more. Raises FileRefused if the process has ended."""
        try:
            self._stream(self._process.stdin).write(b"%d %d\n" % numbers)
        except BrokenPipeError:
            raise self._ended() from None

    def frame(self, *kinds: bytes) -> Frame:
        """The next frame, of one of these kinds.

        Raises FileRefused if the file is refused, or if the process ended, was ended, or is silent.
        """
        kind, size = HEADER.unpack(self._take(HEADER.size))
        if size > self._most:
            raise self._is_strange()
        content = self._take(size)
        if kind == REFUSED:
            raise self._refusal(content)
        if kind not in kinds:
            raise self._is_strange()
        return kind, content

    def json(self, kind: bytes) -> Any:
        """The content of a frame that holds JSON; raises FileRefused as `frame` does."""
        _kind, content = self.frame(kind)
        try:
            return json.loads(content)
        except ValueError:
            raise self._is_strange() from None

    def _refusal(self, content: bytes) -> FileRefused:
        try:
            refused = json.loads(content)
            # What a library says of a damaged file is for us; people read what to do.
            if "error" in refused["params"]:
                log.info("A file could not be read: %s", refused["params"]["error"])
            if refused["name"] == "row_too_long":
                self._limits.check_row(**refused["params"])
            return refusal(refused["name"], **refused["params"])
        except (ValueError, TypeError, KeyError):
            return self._is_strange()

    def _take(self, size: int) -> bytes:
        buffer = self._buffer
        while len(buffer) < size:
            if not self._poll.poll(SILENCE * 1000):
                log.warning("The process that reads files was silent for %d s.", SILENCE)
                raise refusal("out_of_time")
            received = os.read(self._answers.fileno(), FRAME)
            if not received:
                raise self._ended()
            buffer += received
        content = bytes(buffer[:size])
        del buffer[:size]
        return content

    def _ended(self) -> FileRefused:
        try:
            status = self._process.wait(AFTERWARDS)
        except subprocess.TimeoutExpired:
            status = 0
        log.warning("The process that reads files ended with status %s.", status)
        reasons = {OUT_OF_MEMORY: "out_of_memory", -signal.SIGXCPU: "out_of_time"}
        return refusal(reasons.get(status, "died"))

    def _is_strange(self) -> FileRefused:
        log.error("The process that reads files sent what it never sends.")
        return refusal("died")
