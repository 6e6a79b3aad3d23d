"""Texts made to hang or fill the machine."""

from collections.abc import Iterator, Mapping

from tests.bulk.bad_files.case import BadFile, Content, ExpectedError, cases

ROSTER = "student_id,course_code,presentation"
ROW = "s2001,BIO101,2026J"
NAMED = f"{ROSTER},first_name\n{ROW},"
WIDE = ",".join(f"c{number}" for number in range(480))
OPTIONS = {"create_students": True, "ignore_unknown_columns": True}
TEXTS: Mapping[str, tuple[str, Content, ExpectedError]] = {
    "a cell of two megabytes": (
        "enrollments",
        lambda: f"{NAMED}{'x' * 2_000_000}\n".encode(),
        (
            "row_too_long",
            "The row starting on line 2 is longer than 1000000 bytes. A quotation mark before it "
            "is probably not closed.",
        ),
    ),
    "a quotation mark open over two megabytes": (
        "enrollments",
        lambda: f'{NAMED}"'.encode() + b"a line of the file\n" * 120_000,
        "row_too_long",
    ),
    "two megabytes without a line end": ("enrollments", lambda: b"x" * 2_000_000, "row_too_long"),
    "two megabytes of letters of four bytes": (
        "enrollments",
        lambda: f"{NAMED}{'😀' * 500_000}\n".encode(),
        "row_too_long",
    ),
    "invisible letters": (
        "enrollments",
        lambda: f"{NAMED}a{chr(0x200C) * 320_000}b\n".encode(),
        "too_long",
    ),
    "accents heaped on one letter": (
        "enrollments",
        lambda: f"{NAMED}a{chr(0x301) * 200_000}\n".encode(),
        "control_character",
    ),
    "rows with one cell too many": (
        "enrollments",
        lambda: (f"{ROSTER},{WIDE}\n" + f"{ROW},{WIDE},x\n" * 100).encode(),
        "too_many_cells",
    ),
    "a row of 30,000 cells": (
        "enrollments",
        lambda: f"{ROSTER}\n{ROW}{',x' * 30_000}\n".encode(),
        "too_many_cells",
    ),
    "quotation marks": ("enrollments", lambda: NAMED.encode() + b'"' * 500_001, "bad_quoting"),
    "500 open quotation marks": (
        "enrollments",
        lambda: (f"{ROSTER}\n" + 's2001,"BIO101"x,2026J\n' * 500).encode(),
        "bad_quoting",
    ),
    "ten thousand blank lines and a wrong row": (
        "enrollments",
        lambda: (f"{ROSTER}\n" + "\n" * 10_000 + "N/A,BIO101,2026J\n").encode(),
        "invalid_identifier",
    ),
    "500 rows that repeat": (
        "enrollments",
        lambda: (f"{ROSTER}\n" + f"{ROW}\n" * 500 + "N/A,BIO101,2026J\n").encode(),
        "invalid_identifier",
    ),
    "200 wrong rows": (
        "enrollments",
        lambda: (f"{ROSTER},status\n" + "N/A,x,y,z\n" * 200).encode(),
        "invalid_identifier",
    ),
    "a decimal of 900,000 digits": (
        "grades",
        lambda: f"student_id,assessment_id,score\ns1001,ESSAY,{'9' * 900_000}\n".encode(),
        "invalid_number",
    ),
    "an identifier of 900,000 digits": (
        "users",
        lambda: f"student_id\n{'9' * 900_000}\n".encode(),
        "too_long",
    ),
    "an e-mail of 900,000 dots": (
        "users",
        lambda: f"student_id,email\ns2001,a@{'a.' * 400_000}org\n".encode(),
        "too_long",
    ),
}

# For the drill alone: the same of a size that somebody may really send.
HEAVY: Mapping[str, tuple[str, Content, ExpectedError]] = {
    "rows with one cell too many": (
        "enrollments",
        lambda: (f"{ROSTER},{WIDE}\n" + f"{ROW},{WIDE},x\n" * 1_000).encode(),
        "too_many_cells",
    ),
    "a row of 300,000 cells": (
        "enrollments",
        lambda: f"{ROSTER}\n{ROW}{',x' * 300_000}\n".encode(),
        "too_many_cells",
    ),
    "20,000 open quotation marks": (
        "enrollments",
        lambda: (f"{ROSTER}\n" + 's2001,"BIO101"x,2026J\n' * 20_000).encode(),
        "bad_quoting",
    ),
    "a hundred thousand blank lines and a wrong row": (
        "enrollments",
        lambda: (f"{ROSTER}\n" + "\n" * 100_000 + "N/A,BIO101,2026J\n").encode(),
        "invalid_identifier",
    ),
    "20,000 rows that repeat": (
        "enrollments",
        lambda: (f"{ROSTER}\n" + f"{ROW}\n" * 20_000 + "N/A,BIO101,2026J\n").encode(),
        "invalid_identifier",
    ),
    "20,000 people with one address": (
        "users",
        lambda: "student_id,email\n" + "".join(f"s{n:06},none@x.org\n" for n in range(20_000)),
        "email_taken",
    ),
    "5,000 wrong rows": (
        "enrollments",
        lambda: (f"{ROSTER},status\n" + "N/A,x,y,z\n" * 5_000).encode(),
        "invalid_identifier",
    ),
}


def bad_texts() -> Iterator[BadFile]:
    """Every text that is too much."""
    yield from cases("limit", TEXTS, options=OPTIONS)


def heavy_texts() -> Iterator[BadFile]:
    """Texts at the edge of what may be."""
    yield from cases("heavy", HEAVY, options=OPTIONS)
