"""The process that reads workbooks and zip files: what it may not have, and how it may end."""

import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from backoffice.bulk.models import Batch
from backoffice.bulk.readers import open_table, reader_process
from backoffice.bulk.readers.base import Limits
from backoffice.bulk.readers.reader_process import ReaderProcess
from backoffice.bulk.readers.workbook import Workbook
from backoffice.bulk.unpacking.frames import END, EXPECTED, ROWS, SHEETS
from backoffice.bulk.values.faults import FileRefused
from tests.bulk.bad_files.packing import (
    HEADER,
    MAIN,
    ROW,
    STYLES,
    sheet,
    with_parts,
    with_sheets,
    workbook,
)
from tests.bulk.working import wait_until

OUT_OF_MEMORY = (
    "Reading the file took more memory than any file of its size needs, and was stopped. Save the "
    "table as CSV."
)
OUT_OF_TIME = OUT_OF_MEMORY.replace("memory", "time")
DIED = (
    "Reading the file ended before it was done. Try again; if it happens again, save the table as "
    "CSV."
)
# What takes the place of the reading of rows, and what is then to be read.
TRICKS: dict[str, tuple[str, str, str]] = {
    "fills the memory": ("bytearray(400_000_000)", "reader_out_of_memory", OUT_OF_MEMORY),
    "fills the memory bit by bit": (
        "[bytes(1_000) for _each in iter(int, 1)]",
        "reader_out_of_memory",
        OUT_OF_MEMORY,
    ),
    "never ends": ("any(iter(int, 1))", "reader_out_of_time", OUT_OF_TIME),
    "is killed": ("os.kill(os.getpid(), 9)", "reader_died", DIED),
    "crashes": ("os.kill(os.getpid(), 11)", "reader_died", DIED),
    "ends": ("os._exit(1)", "reader_died", DIED),
    "ends in the middle of a frame": (
        "os.write(1, frames.HEADER.pack(b'R', 50) + b'1') and os._exit(0)",
        "reader_died",
        DIED,
    ),
    "sends what is no frame": ("os.write(1, bytes(1_000))", "reader_died", DIED),
    "claims a frame without end": (
        "os.write(1, frames.HEADER.pack(b'R', 4_000_000_000))",
        "reader_died",
        DIED,
    ),
    "sends another frame than is wanted": (
        "frames.send(work.answers, frames.BYTES, b'x')",
        "reader_died",
        DIED,
    ),
    "gives a reason that there is none": (
        """frames.send(work.answers, b'X', b'{"name": "%(x)s", "params": {}}')""",
        "reader_died",
        DIED,
    ),
    "goes back to a line before": (
        r"""[frames.send(work.answers, frames.SHEETS, b'[["a", true, false, false]]'),"""
        r"frames.send(work.answers, frames.ROWS, b'2\x1fa\x1e1\x1fb')]",
        "reader_died",
        DIED,
    ),
    "is silent": ("time.sleep(60)", "reader_out_of_time", OUT_OF_TIME),
}


@pytest.fixture
def instead(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Has the process do something else than read the rows of a workbook."""

    def do(trick: str) -> None:
        program = (
            "import os, sys, time; sys.path.insert(0, sys.argv[1]);"
            "from backoffice.bulk.unpacking import confinement, frames, process;"
            "confinement.OPENING = 1;"
            f"process.TASKS['sheets'] = lambda work: {trick}; process.main()"
        )
        command = ("-I", "-S", "-c", program, str(reader_process.ROOT))
        monkeypatch.setattr(reader_process, "COMMAND", command)
        monkeypatch.setattr(reader_process, "SILENCE", 20)

    return do


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A good workbook."""
    path = tmp_path / "a workbook.xlsx"
    path.write_bytes(workbook())
    return path


def is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    # What has ended, and nobody has looked after, is still listed.
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


@pytest.mark.parametrize("name", TRICKS)
def test_a_process_that_goes_wrong_is_a_refusal_with_a_sentence(
    instead: Callable[[str], None], path: Path, monkeypatch: pytest.MonkeyPatch, name: str
):
    trick, code, sentence = TRICKS[name]
    instead(trick)
    if name == "is silent":
        monkeypatch.setattr(reader_process, "SILENCE", 1)
    with pytest.raises(FileRefused) as refused, open_table(path) as reader:
        list(reader.rows())
    assert (refused.value.code, refused.value.message) == (code, sentence)


def test_the_uploader_reads_it_on_the_page_and_others_notice_nothing(
    instead: Callable[[str], None],
    registrar_client: Client,
    courses: Any,
    path: Path,
    private_files: Path,
):
    instead("bytearray(400_000_000)")
    address = reverse("admin:bulk_batch_upload") + "?kind=enrollments"
    values = {"mode": "upsert", "on_error": "abort", "dialect": "auto"}
    with path.open("rb") as file:
        page = registrar_client.post(address, {**values, "file": file}, follow=True)

    assert OUT_OF_MEMORY in page.content.decode()
    assert (Batch.objects.get().state, Batch.objects.get().sentence) == ("refused", OUT_OF_MEMORY)
    assert not list(private_files.rglob("*.part"))


def test_a_process_that_does_not_start_is_a_refusal(path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(FileRefused) as refused, open_table(path):
        pass
    assert (refused.value.code, refused.value.message) == (
        "reader_not_started",
        "The server cannot read a workbook or zip file just now. Try again in a moment.",
    )


def test_it_has_no_secret_no_connection_and_writes_no_file(
    instead: Callable[[str], None], path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("SECRET_KEY", "hidden")
    instead(
        "frames.send(work.answers, frames.EXPECTED, __import__('json').dumps(["
        "sorted(os.environ), sorted({name.partition('.')[0] for name in sys.modules}),"
        "[os.readlink(f'/proc/self/fd/{name}') for name in sorted(os.listdir('/proc/self/fd'))[:9]"
        " if os.path.exists(f'/proc/self/fd/{name}')],"
        "__import__('resource').getrlimit(1)[0]]).encode())"
    )
    with ReaderProcess(path, "sheets", Limits.from_settings()) as process:
        environment, modules, files, most_written = json.loads(process.frame(EXPECTED)[1])

    assert set(environment) <= {"LC_ALL", "MALLOC_ARENA_MAX", *reader_process.LIBRARIES, "LC_CTYPE"}
    assert not {"django", "psycopg2", "sqlite3", "openpyxl"} & set(modules)
    named = {each for each in files if each.startswith("/") and not each.startswith("/proc")}
    assert named <= {"/dev/null", str(path)}
    assert most_written == 0


def test_none_is_left_behind_however_far_it_was_read(path: Path, tmp_path: Path):
    large = tmp_path / "large.xlsx"
    large.write_bytes(workbook(rows=(HEADER, *[ROW] * 20_000)))
    for rows in (0, 1, 10_000):
        with open_table(large) as reader:
            process = reader.book.process._process  # type: ignore[attr-defined]
            for _row, _number in zip(reader.rows(), range(rows), strict=False):
                pass
        assert process.returncode is not None
        assert not is_running(process.pid)


def test_it_ends_with_the_process_that_wanted_the_file_read(path: Path):
    program = (
        "import django, pathlib, sys, time; django.setup();"
        "from backoffice.bulk.readers import reader_process as r;"
        "from backoffice.bulk.readers.base import Limits;"
        "r.COMMAND = (*r.COMMAND[:3], r.PROGRAM.replace('; main()',"
        "'; from backoffice.bulk.unpacking import process; import time;"
        " process.TASKS[chr(120)] = lambda work: time.sleep(600); main()'), r.COMMAND[4]);"
        "reader = r.ReaderProcess(pathlib.Path(sys.argv[1]), 'x', Limits.from_settings());"
        "reader.__enter__(); print(reader._process.pid, flush=True); time.sleep(600)"
    )
    variables = {"DJANGO_SETTINGS_MODULE": "backoffice.settings", "DJANGO_ENV": "test"}
    with subprocess.Popen(
        [sys.executable, "-c", program, str(path)],
        cwd=reader_process.ROOT,
        env=os.environ | variables | {"DATABASE_URL": "sqlite://:memory:"},
        stdout=subprocess.PIPE,
        text=True,
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        time.sleep(0.5)  # until it works on its task
        assert is_running(child)
        parent.send_signal(signal.SIGKILL)
    wait_until(lambda: not is_running(child), "the end of the reading process")


def test_many_threads_read_at_once(path: Path):
    def read(_number: int) -> list[list[str]]:
        with open_table(path) as reader:
            return [reader.header, *(row.cells for row in reader.rows())]

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(read, range(24))) == [[list(HEADER), list(ROW)]] * 24


def test_rows_and_their_end_are_all_that_is_sent(path: Path):
    with ReaderProcess(path, "sheets", Limits.from_settings()) as process:
        assert process.json(SHEETS) == [["Sheet", True, False, False]]
        process.request(0, 0)
        kinds = [process.frame(EXPECTED, ROWS, END)[0] for _frame in range(4)]
    assert kinds == [EXPECTED, ROWS, ROWS, END]


def test_wide_rows_with_little_in_them_are_read(tmp_path: Path):
    """Each has 500 cells, all but two of them empty: text is not all that fills a frame."""
    names = b"".join(b'<c t="str"><v>c%d</v></c>' % number for number in range(500))
    row = b'<row r="%d"><c><v>1</v></c><c r="SF%d"><v>2</v></c></row>'
    rows = b"".join(row % (number, number) for number in range(2, 30_002))
    path = tmp_path / "wide.xlsx"
    path.write_bytes(sheet(b"<row>" + names + b"</row>" + rows))
    with open_table(path, limits=Limits.from_settings()) as table:
        lengths = [len(each.cells) for each in table.rows()]
    assert (len(lengths), set(lengths)) == (30_000, {500})


def test_a_long_name_around_many_others_costs_no_time(tmp_path: Path):
    name, path = secrets.token_hex(40_000).encode(), tmp_path / "named.xlsx"
    many = b"".join(b"<a>%x</a>" % number for number in range(200_000))
    start = b"<styleSheet " + MAIN + b"><n" + name + b">"
    path.write_bytes(workbook({STYLES: start + many + b"</n" + name + b"></styleSheet>"}))
    before = os.times().children_user
    with open_table(path, limits=Limits.from_settings()) as table:
        assert [each.cells for each in table.rows()] == [list(ROW)]
    assert os.times().children_user - before < 1.5


def test_little_is_read_in_search_of_a_header(tmp_path: Path):
    """The page of an upload waits for it: 500 kB could hold a thread for a minute."""
    noise = b"".join(
        b"<x/>" * 5_000 + b"<!--%s-->" % secrets.token_hex(130).encode() for _n in range(100)
    )
    path = tmp_path / "late.xlsx"
    path.write_bytes(sheet((b"<row>" + noise + b"</row>") * 10 + b"<row><c><v>1</v></c></row>"))
    with pytest.raises(FileRefused) as refusal, open_table(path, limits=Limits.from_settings()):
        pass
    assert refusal.value.code == "row_too_long"
    few = b"<row>" + noise[:1_000_000].rpartition(b"<!--")[0] + b"</row>"
    path.write_bytes(sheet(few * 5 + b"<row><c><v>1</v></c></row>"))
    with open_table(path, limits=Limits.from_settings()) as table:
        assert table.header == ["1"]


def test_a_header_is_sought_in_all_sheets_together_for_so_long(tmp_path: Path):
    noise = b"".join(
        b"<x/>" * 5_000 + b"<!--%s-->" % secrets.token_hex(130).encode() for _n in range(80)
    )
    blank = b"<worksheet " + MAIN + b"><sheetData>" + (b"<row>" + noise + b"</row>") * 2
    names = [f"xl/worksheets/s{number}.xml" for number in range(100, 130)]
    path = tmp_path / "late.xlsx"
    path.write_bytes(with_parts(with_sheets(30), dict.fromkeys(names, blank)))
    before = os.times().children_user
    with Workbook(path, Limits.from_settings()) as book:
        heads = [book.head(sheet, 2) for sheet in book.sheets]
    assert os.times().children_user - before < 6
    assert [len(rows) for rows, _fault in heads] == [2] + [0] * 30
    assert [getattr(fault, "code", "") for _rows, fault in heads[-5:]] == ["row_too_long"] * 5
