"""What the product says to a file, asked as `import_csv --dry-run` asks, and what makes it good."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backoffice.bulk.cli.imports import ImportOptions, import_file
from backoffice.bulk.values.faults import display_text
from tests.bulk.bad_files.case import BadFile

MESSAGE = re.compile(r"[A-Z0-9][^\n\r]*(\.|Did you mean [^\n\r]+\?)")
LEFT_OVER = re.compile(r"\{(column|value|other)\}|%\(\w+\)[ds]")
QUOTED = re.compile("“[^”]*”")
LONGEST = 1_500


@dataclass(frozen=True)
class Answer:
    """What came of a file: state, errors as the report has them, and the closing sentence."""

    state: str
    errors: list[Mapping[str, Any]]
    message: str

    def assert_good(self) -> None:
        """Taken or refused; where refused, each error has its place and is said in sentences."""
        assert self.state in ("previewed", "held", "refused")
        assert (self.state == "refused") == bool(self.errors)
        for error in self.errors:
            assert_place(error)
        if self.errors:
            assert_readable(self.message)


def assert_readable(text: str) -> None:
    """A whole sentence, or several, on one line and of a readable length."""
    assert MESSAGE.fullmatch(text), text[:LONGEST]
    assert len(text) < LONGEST
    assert not LEFT_OVER.search(QUOTED.sub("", text)), text


def assert_place(error: Mapping[str, Any]) -> None:
    """The error of a row says its line and column."""
    message = error["message"]
    assert_readable(message)
    assert error["code"]
    if error["row"]:
        assert message.startswith(f"Line {error['line']}: ")
        assert display_text(error["column"]) in message


def answer_to(case: BadFile, folder: Path) -> Answer:
    """Bring the file in without applying it, with its report and its wrong rows."""
    (folder / case.file_name).write_bytes(case.read())
    return answer_to_stored(case, folder)


def answer_to_stored(case: BadFile, folder: Path) -> Answer:
    """The same of a file that lies there already."""
    report, rejected = folder / "report.json", folder / "rejected.csv"
    chosen = {"kind": case.kind, **case.options}
    options = ImportOptions(folder / case.file_name, chosen, "", True, "", report, rejected)
    message = import_file(options).message
    reported = json.loads(report.read_text("utf-8"))
    return Answer(reported["state"], reported["errors"], message)
