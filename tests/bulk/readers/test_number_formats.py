"""What a cell shows of its number, by its format; and which of the two counts in which column."""

import re
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backoffice.bulk.readers.shown_numbers import number_in, text_of
from backoffice.bulk.unpacking.number_formats import BUILTIN, NumberFormat
from backoffice.bulk.unpacking.xlsx_values import ERRORS, date_style, number_text
from backoffice.bulk.values.cells import SPREADSHEET_ERRORS

# Format, number, its text in a column of names, its text where a number is due.
SHOWN = [
    ("0", "57", "57", "57"),
    ("0.00", "57.3", "57.3", "57.3"),
    ("0.00", "57", "57", "57"),
    ("#,##0.00", "174782", "174782", "174782"),
    ("@", "12", "12", "12"),
    # Zeros pad identifiers.
    ("00000000", "712345", "00712345", "00712345"),
    ("0000000000", "1", "0000000001", "0000000001"),
    ("00", "-5", "-05", "-05"),
    ("000.0", "7", "007.0", "007.0"),
    ('"T"00000000', "712345", "T00712345", "T00712345"),
    ("\\s0000", "12", "s0012", "s0012"),
    ("000-00-0000", "123456789", "123-45-6789", "123-45-6789"),
    # A percentage is one, however it is drawn.
    ("0%", "0.85", "85%", "85%"),
    ("0.0%", "0.8525", "85.3%", "85.3%"),
    ("0 %", "0.85", "85 %", "85 %"),
    ("[Red]0%;[Blue]-0%", "-0.05", "-5%", "-5%"),
    ('0"%"', "85", "85%", "85%"),
    ("[<=1]0%;0", "0.85", "85%", "85%"),
    ("[<=1]0%;0", "85", "85", "85"),
    ("General%", "0.85", "85%", "85%"),
    ("0d%", "0.85", "85%", "85%"),
    # Digits that are hidden.
    ("0", "57.25", "57", "57.25"),
    ("0.0", "57.25", "57.3", "57.25"),
    ("0.0", "57.256", "57.3", "57.3"),
    ("0", "57.256", "57", "57"),
    ("0.00", "66.6666666666667", "66.67", "66.67"),
    ("0.00", "2.675", "2.68", "2.68"),
    ("0.00", "9.995", "10.00", "10.00"),
    ("0.00", "5.55111512312578e-17", "0.00", "0.00"),
    ("#,##0", "1050.4", "1,050", "1050.4"),
    ("0,", "5000", "5", "5000"),
    (";;;", "85", "85", "85"),
    ("#", "0", "0", "0"),
    # Powers of ten.
    ("0.00E+00", "1400000", "1.40E+06", "1400000"),
    ("0.00E+00", "1403211", "1.40E+06", "1403211"),
    ("0.0E+0", "9.96", "1.0E+1", "9.96"),
    ("##0.0E+0", "12345", "12.3E+3", "12345"),
    # Signs around a number: words change nothing, others may mean anything.
    ('0.0" pts"', "57.3", "57.3 pts", "57.3"),
    ("[$€-407] 0.00", "5.5", "€ 5.50", "5.5"),
    ('#,##0.00_);(#,##0.00);"-"??', "-5.5", "(5.50)", "-5.5"),
    ('#,##0.00_);(#,##0.00);"-"??', "0", "0", "0"),
    ("+0;-0", "5", "+5", "5"),
    ("0.00;-0.00", "-5", "-5", "-5"),
    ('0"/20"', "17", "17/20", "17/20"),
    ('0"k"', "5", "5k", "5k"),
    ("-0", "5", "-5", "-5 (5)"),
    ('"5"0', "0", "50", "50 (0)"),
    ("\\1", "0", "1", "1 (0)"),
    ('0;-0;"absent"', "0", "absent", "absent"),
    ('"yes";;"no"', "1", "yes", "yes"),
    ('General" pts"', "57.25", "57.25 pts", "57.25"),
    # What nobody can draw is a number as it is.
    ("# ?/?", "57.25", "57.25", "57.25"),
    ("0.0.0", "57.25", "57.25", "57.25"),
    ('"open', "57.25", "57.25", "57.25"),
    ("[open", "57.25", "57.25", "57.25"),
    ("", "57.25", "57.25", "57.25"),
    (";", "57.25", "57.25", "57.25"),
]


@pytest.mark.parametrize(("code", "stored", "text", "number"), SHOWN)
def test_a_number_reads_as_it_is_shown(code, stored, text, number):
    cell = NumberFormat(code).text_of(stored)
    assert text_of(cell) == text
    meant = number_in(cell, "score", is_day=False)[0] if "\x1d" in cell else cell
    assert meant == number


@pytest.mark.parametrize(
    ("code", "stored", "sentence"),
    [
        ("0", "57.25", "{column} shows “{value}” and holds {other}. {other} goes in."),
        ("0.0", "57.256", "{column} shows “{value}” and holds {other}. What it shows goes in."),
        (";;;", "85", "{column} shows nothing and holds {other}. {other} goes in."),
        ('0.0" pts"', "57.3", ""),
        ("0.00E+00", "1400000", ""),
        ("[$€-407] 0.00", "5.5", ""),
    ],
)
def test_a_number_that_hides_digits_is_said_with_both(code, stored, sentence):
    _meant, issue = number_in(NumberFormat(code).text_of(stored), " score ", is_day=False)
    if not sentence:
        assert issue is None
        return
    fault, column, _value = issue
    assert (fault.code, fault.is_warning, fault.other) == ("hidden_digits", True, stored)
    assert (fault.template, column) == (sentence, "score")


def drawn(value: Fraction, decimals: int, zeros: int, is_grouped: bool) -> str:
    """A number as people write it, half away from zero."""
    scaled = int(abs(value) * 10**decimals + Fraction(1, 2))
    whole, rest = divmod(scaled, 10**decimals)
    digits = str(whole).zfill(zeros)
    if is_grouped:
        head = len(digits) % 3
        groups = [digits[:head], *re.findall("...", digits[head:])]
        digits = ",".join(filter(None, groups))
    sign = "-" if value < 0 else ""
    return f"{sign}{digits}" + (f".{str(rest).zfill(decimals)}" if decimals else "")


@given(
    st.decimals(-(10**8), 10**8, places=4, allow_nan=False),
    st.integers(0, 4),
    st.integers(1, 9),
    st.booleans(),
    st.booleans(),
    st.sampled_from(["", '"T"', "\\s", "[Red]", "_-", "[>=-1000000000]"]),
)
def test_whatever_a_simple_format_shows_is_what_is_read(
    number, decimals, zeros, is_grouped, is_percent, before
):
    stored = number_text(str(number))
    code = f"{'#,##' if is_grouped else ''}{'0' * zeros}"
    code = before + code + ("." + "0" * decimals if decimals else "") + "%" * is_percent
    cell = NumberFormat(code).text_of(stored)
    value = Fraction(stored) * (100 if is_percent else 1)
    shown = drawn(value, decimals, zeros, is_grouped)
    sign, rest = ("-", shown[1:]) if shown.startswith("-") else ("", shown)
    prefix = {'"T"': "T", "\\s": "s"}.get(before, "")
    whole = f"{sign}{prefix}{rest}" + "%" * is_percent
    if is_percent or prefix:
        assert text_of(cell) == whole
        return
    is_exact = Fraction(shown.replace(",", "")) == value
    if is_exact and zeros == 1:
        assert cell == stored
    elif is_exact:
        assert cell == whole
    else:
        assert cell == f"{whole}\x1d{stored}\x1d{shown.replace(',', '')}".replace(
            f"\x1d{shown.replace(',', '')}", "\x1d" + drawn(value, decimals, 1, False)
        )


@given(st.text('0#?.,%;"[]\\_*@E+-/ adGeneral$€()<>=1', max_size=30), st.integers(-(10**6), 10**6))
def test_no_format_is_too_odd_to_be_read(code, number):
    cell = NumberFormat(code).text_of(str(number))
    assert "\x1d" not in text_of(cell)
    if "\x1d" in cell:
        assert number_in(cell, "enrolled_on", is_day=True)[0] == str(number)
        meant = number_in(cell, "score", is_day=False)[0]
        assert meant == str(number) or not re.fullmatch(r"[0-9]+(\.[0-9]*)?", meant)


@given(st.floats(-1e14, 1e14), st.integers(0, 2))
def test_a_number_has_15_digits_and_no_noise(number, decimals):
    text = f"{round(number / 1e10, decimals):.17g}"
    assert float(number_text(text)) == float(f"{float(text):.15g}")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("57.300000000000004", "57.3"),
        ("71.099999999999994", "71.1"),
        ("0.30000000000000004", "0.3"),
        ("5", "5"),
        ("5.0", "5"),
        ("007", "7"),
        ("-0", "0"),
        ("1.4E6", "1400000"),
        ("123456789012345", "123456789012345"),
        ("1234567890123456", "1.23456789012346e+15"),
        ("1.5E+21", "1.5e+21"),
    ],
)
def test_a_stored_number_as_text(value, text):
    assert number_text(value) == text


@pytest.mark.parametrize("value", ["57,3", "1_000", "nan", "inf", "x", "٣", "1e400", ""])
def test_what_is_no_number_is_none(value):
    with pytest.raises(ValueError, match=r".*"):
        number_text(value)


def test_the_built_in_formats_are_those_of_the_standard():
    assert NumberFormat(BUILTIN[9]).text_of("0.85") == "85%"
    assert {BUILTIN[each] for each in (10, 68)} == {"0.00%"}
    assert date_style("Standard") is None
    assert date_style("dd.mm.yyyy") is False


def test_the_errors_that_a_workbook_marks_are_refused_as_text():
    assert ERRORS == SPREADSHEET_ERRORS


@pytest.mark.parametrize("word", ["a" * 250, "ab." * 83, "é" * 250, "(" * 250, "a b" * 83])
def test_a_word_in_a_format_is_looked_at_once(word):
    # A word may be parted into words in 1.6 to the power of its letters ways.
    cell = NumberFormat(f'0 "{word}/"').text_of("5")
    assert text_of(cell) == f"5 {word}/"
    assert number_in(cell, "score", is_day=False)[0] == f"5 {word}/"
