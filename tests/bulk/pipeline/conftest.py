"""Students who may be enrolled, and the command on a workbook."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command


@pytest.fixture
def people(student: Any, courses: Any) -> list[str]:
    names = [f"s10{number:02d}" for number in range(1, 13)]
    for name in names:
        student(name)
    return names


@pytest.fixture
def run(tmp_path: Path, capsys: Any) -> Any:
    """Runs `import_csv` on a workbook; gives exit code and report."""

    def run_import(kind: str, content: bytes, *options: str) -> tuple[int, Any]:
        path, report = tmp_path / "in.xlsx", tmp_path / "report.json"
        path.write_bytes(content)
        code = 0
        try:
            call_command("import_csv", kind, str(path), "--report", str(report), *options)
        except SystemExit as end:
            code = int(end.code or 0)
        return code, json.loads(report.read_text())

    return run_import
