"""What holds for any text at all: cells, files and the apostrophe before formulas."""

import csv
import io
import json
import tempfile
import unicodedata
from datetime import date
from decimal import Decimal
from pathlib import Path
from unittest.mock import patch

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given, settings
from hypothesis import strategies as st

from backoffice.admin_site.spreadsheets import FORMULA, NUMBER, formula_safe
from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import Enrollment, User
from backoffice.bulk.read import row_cleaner
from backoffice.bulk.read.row_cleaner import CellCache
from backoffice.bulk.read.staging_file import json_of
from backoffice.bulk.readers import Limits, Row, delimited
from backoffice.bulk.readers.delimited import DelimitedReader
from backoffice.bulk.values.cells import CellRefused, cleaner_for, has_plain_default, normalised

ANY_TEXT = st.text(max_size=60)
FILE_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
RAGGED_TEXT = st.text(st.sampled_from('ab,é" \r\n'), max_size=60)
FIELDS = [
    *(User._meta.get_field(n) for n in ("first_name", "email", "language", "timezone")),
    *(User._meta.get_field(n) for n in ("graduation_year", "is_active", "bio")),
    *(Course._meta.get_field(n) for n in ("title", "starts_on", "status", "enrollment_limit")),
    *(Enrollment._meta.get_field(n) for n in ("final_grade", "last_activity_at", "role")),
]


def clean_or_none(text: str) -> str | None:
    try:
        return normalised(text)
    except CellRefused:
        return None


@given(ANY_TEXT)
def test_a_normalised_cell_is_trimmed_composed_and_stays_as_it_is(text: str):
    clean = clean_or_none(text)
    if clean is None:
        return
    assert clean == clean.strip()
    assert "  " not in clean
    assert clean == unicodedata.normalize("NFC", clean)
    if not clean.startswith("'"):
        assert normalised(clean) == clean


@given(st.one_of(ANY_TEXT, ANY_TEXT.map("=".__add__), ANY_TEXT.map("'＝".__add__)))
def test_what_an_export_writes_no_spreadsheet_runs_and_an_import_takes_back(text: str):
    stored = clean_or_none(text)
    if stored is None:
        return
    written = formula_safe(stored)
    assert (
        not FORMULA.match(written.lstrip("'")) or written.startswith("'") or NUMBER.match(written)
    )
    assert normalised(written) == stored


@pytest.mark.parametrize("field", FIELDS, ids=str)
@given(text=ANY_TEXT)
def test_a_cell_is_refused_with_a_sentence_or_its_value_fits_the_model(field, text: str):
    try:
        value = cleaner_for(field)(text)
    except CellRefused:
        return
    if value is None or value == "":
        assert field.null or field.blank or has_plain_default(field)
        assert value is None or not has_plain_default(field)
        return
    try:
        field.clean(value, None)
    except ValidationError as error:  # pragma: no cover - the failure of this test
        raise AssertionError(f"{value!r} is staged, and the model refuses it: {error}") from error


@given(st.dates())
def test_any_day_is_read_as_iso_writes_it(day: date):
    assert cleaner_for(Course._meta.get_field("starts_on"))(day.isoformat()) == day.isoformat()


@given(st.decimals(0, 100, places=2))
def test_any_plain_decimal_is_read_without_a_change(number: Decimal):
    assert Decimal(cleaner_for(Enrollment._meta.get_field("final_grade"))(str(number))) == number


@given(
    rows=st.lists(st.tuples(FILE_TEXT, FILE_TEXT, FILE_TEXT), max_size=8),
    delimiter=st.sampled_from(",;\t"),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
@settings(max_examples=60)
def test_any_table_is_read_as_it_was_written(rows, delimiter: str, end: str, encoding: str):
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerows([("a", "b", "c"), *rows])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.csv"
        path.write_bytes(stream.getvalue().encode(encoding))
        with DelimitedReader(path, "", Limits.from_settings()) as reader:
            assert reader.header == ["a", "b", "c"]
            assert [tuple(row.cells) for row in reader.records()] == rows


@given(text=RAGGED_TEXT, block=st.integers(1, 12))
@settings(max_examples=400)
def test_rows_and_flaws_are_the_same_wherever_a_block_of_lines_ends(text: str, block: int):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.csv"
        path.write_bytes(f"a,b\n{text}".encode())
        whole = rows_in_blocks_of(path, delimited.BLOCK)
        assert rows_in_blocks_of(path, block) == whole
        assert rows_in_blocks_of(path, block, is_careful=True) == whole


def rows_in_blocks_of(path: Path, size: int, *, is_careful: bool = False) -> list[Row]:
    """The rows of a file; careful reads line by line, as where a record exceeds a row's limit."""
    with (
        patch.object(delimited, "BLOCK", size),
        patch.object(delimited, "MOST_BYTES", 10**9 if is_careful else delimited.MOST_BYTES),
        DelimitedReader(path, "", Limits.from_settings()) as reader,
    ):
        return list(reader.records())


@given(st.lists(st.one_of(st.sampled_from(["", " a ", "1.5", "x\\y", "é", "MÃ¡"]), ANY_TEXT)))
def test_what_a_column_remembers_is_what_it_would_find_anew_and_has_an_end(texts: list[str]):
    clean = cleaner_for(User._meta.get_field("first_name"))
    with (
        patch.object(row_cleaner, "CACHE_SIZE", 4),
        patch.object(row_cleaner, "CACHE_TRIMMED_SIZE", 2),
    ):
        cache = CellCache(clean, is_required=True)
        for text in texts:
            assert cache.whole(text) == CellCache(clean, is_required=True).whole(text)
            assert len(cache) <= 4


@given(st.dictionaries(ANY_TEXT, st.text(st.characters(exclude_categories=[]))))
def test_cells_are_kept_as_json_says_texts(texts: dict[str, str]):
    assert json_of(texts) == json.dumps(texts)
