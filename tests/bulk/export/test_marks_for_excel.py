"""A mark in front of a CSV file, by which Excel knows that it is in UTF-8."""

import codecs

import pytest
from django.core.management import CommandError, call_command

from backoffice.apps.users.models import User


@pytest.mark.parametrize("options", [["users"], ["users", "--dialect", "canvas"]])
def test_the_file_begins_with_one_mark_and_comes_in_again(
    db, student, import_file, tmp_path, options
):
    student("s1001", first_name="Zoë", last_name="Núñez", email="zoe@example.org")
    path = tmp_path / "people.csv"
    call_command("export_csv", *options, "--output", str(path))
    plain = path.read_bytes()
    call_command("export_csv", *options, "--excel", "--output", str(path))
    assert path.read_bytes() == codecs.BOM_UTF8 + plain
    assert not plain.startswith(codecs.BOM_UTF8)
    batch = import_file("users", path.read_bytes())
    assert (batch.unchanged, batch.rows) == (1, 1)
    assert User.objects.get(student_id="s1001").first_name == "Zoë"


def test_standard_output_is_marked_too(db, student, capfdbinary):
    student("s1001")
    call_command("export_csv", "users", "--excel")
    assert capfdbinary.readouterr().out.startswith(codecs.BOM_UTF8 + b"student_id,")


@pytest.mark.parametrize("arguments", [["users", "--output", "a.xlsx"], ["--output", "a.zip"]])
def test_what_is_no_csv_file_takes_no_mark(db, tmp_path, monkeypatch, arguments):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CommandError) as refused:
        call_command("export_csv", *arguments, "--excel")
    assert (str(refused.value), refused.value.returncode) == (
        "--excel marks one CSV file; a workbook or zip file needs no mark. Leave it out.",
        2,
    )
    assert not list(tmp_path.glob("a.*"))
