"""Headers that no table of ours has, and files whose bytes are no text."""

import secrets
from collections.abc import Iterator, Mapping

from tests.bulk.bad_files.case import BadFile, Content, ExpectedError, cases

ROSTER = "student_id,course_code,presentation"
ROW = "s1003,BIO101,2026J"
TITLE = "list of students,,\n"
FORBIDDEN = (
    *("password", "role", "is_staff", "is_superuser", "groups", "user_permissions", "id"),
    *("is_verified", "last_login", "pk", " Password ", "IS_STAFF", "Is Superuser"),
)
HEADERS: Mapping[str, tuple[str, Content, ExpectedError]] = {
    "a column twice": (
        "enrollments",
        f"student_id,{ROSTER}\ns1,{ROW}\n",
        ("duplicate_column", "The header names student_id more than once. Keep one of them."),
    ),
    "a column twice in another case": (
        "enrollments",
        f"Student ID,{ROSTER}\ns1,{ROW}\n",
        "duplicate_column",
    ),
    "a column missing": (
        "enrollments",
        "student_id,course_code\ns1003,BIO101\n",
        "missing_column",
    ),
    "all columns missing": ("grades", "a\n1\n", "unknown_column"),
    "a misspelt column": (
        "enrollments",
        f"{ROSTER},statsu\n{ROW},active\n",
        (
            "unknown_column",
            "The kind “enrollments” has no column “statsu” (did you mean “status”?). Rename or "
            "remove it, "
            "say under “Header mappings” what it stands for, "
            "or choose to ignore unknown columns.",
        ),
    ),
    "a misspelt key": (
        "enrollments",
        "studentid,course_code,presentation\na,b,c\n",
        "unknown_column",
    ),
    "columns of new students": (
        "enrollments",
        f"{ROSTER},email\n{ROW},a@example.org\n",
        (
            "unknown_column",
            "The column email is for people who are not known yet. Turn on “Create students”, "
            "or choose to ignore unknown columns.",
        ),
    ),
    "a column without a name": (
        "enrollments",
        "student_id,,course_code,presentation\ns1003,x,BIO101,2026J\n",
        (
            "unknown_column",
            "The kind “enrollments” has no column with an empty name. Rename or remove it, "
            "say under “Header mappings” what it stands for, "
            "or "
            "choose to ignore unknown columns.",
        ),
    ),
    "a value in a column without a name": (
        "enrollments",
        f"{ROSTER},\n{ROW},x\n",
        (
            "too_many_cells",
            "Line 2: the row has 4 cells, the header 3. A column behind the last has no name: "
            "name it, or put values that hold the delimiter in quotation marks.",
        ),
    ),
    "the header of another kind": (
        "grades",
        f"{ROSTER}\n{ROW}\n",
        (
            "missing_column",
            "The file has no column assessment_id, which every row needs. Add it, or choose the "
            "right kind of file.",
        ),
    ),
    "no header": ("enrollments", f"{ROW}\n{ROW}\n", "unknown_column"),
    "no rows": (
        "enrollments",
        f"{ROSTER}\n",
        ("no_rows", "The file has a header but no data rows. Add a row below the header."),
    ),
    "no rows but blank ones": ("enrollments", f"{ROSTER}\n,,\n\n , ,\n", "no_rows"),
    "nothing": (
        "enrollments",
        "",
        ("empty_file", "The file is empty. Choose a file with a header and rows."),
    ),
    "only line ends": ("enrollments", "\n\r\n\r\n\n", "empty_file"),
    "only spaces": ("enrollments", "   \n  \n", "empty_file"),
    "only a byte order mark": ("enrollments", b"\xef\xbb\xbf", "empty_file"),
    "only a UTF-16 byte order mark": ("enrollments", b"\xff\xfe", "empty_file"),
    "only commas": ("enrollments", ",,,\n,,,\n", "unknown_column"),
    "one letter": ("enrollments", "x", "unknown_column"),
    "an open quotation mark": (
        "enrollments",
        f'"{ROSTER}\n{ROW}\n',
        (
            "bad_quoting",
            "The header cannot be read (unexpected end of data). Close or double the quotation "
            "marks in it.",
        ),
    ),
    "a quotation mark inside": ("enrollments", f'"student"_id,course_code\n{ROW}\n', "bad_quoting"),
    "an endless name": (
        "enrollments",
        f"{ROSTER},{'c' * 200_000}\n{ROW},x\n",
        (
            "unknown_column",
            f"The kind “enrollments” has no column “{'c' * 80}…”. Rename or remove it, "
            "say under “Header mappings” what it stands for, "
            "or choose "
            "to ignore unknown columns.",
        ),
    ),
    "a hundred unknown names": (
        "enrollments",
        f"{ROSTER},{','.join(f'x{number}' for number in range(100))}\n{ROW}\n",
        (
            "unknown_column",
            "The kind “enrollments” has no column “x0”, “x1”, “x2”, “x3”, “x4”, “x5”, “x6”, “x7”, "
            "“x8”, “x9”, 90 more. Rename or remove it, "
            "say under “Header mappings” what it stands for, "
            "or choose to ignore unknown columns.",
        ),
    ),
    "HTML": ("enrollments", f"{ROSTER},<script>alert(1)</script>\n{ROW},x\n", "unknown_column"),
    "braces and percent signs": (
        "enrollments",
        f"{ROSTER},{{x}} %(y)s %d\n{ROW},x\n",
        "unknown_column",
    ),
    "a formula": ("enrollments", f"{ROSTER},=1+1\n{ROW},x\n", "unknown_column"),
    "letters from right to left": (
        "enrollments",
        f"{ROSTER},\u202edi\n{ROW},x\n",
        "control_character",
    ),
    "501 columns": (
        "enrollments",
        f"{ROSTER}{',x' * 498}\n{ROW}\n",
        (
            "too_many_columns",
            "The header has 501 columns; at most 500 can be read. Remove those that are "
            "not needed.",
        ),
    ),
    "100,000 columns": (
        "enrollments",
        lambda: f"{ROSTER},{','.join(map(str, range(99_997)))}\n{ROW}\n".encode(),
        "too_many_columns",
    ),
    "a megabyte of header": (
        "users",
        "student_id," + "a," * 490_000 + "b\ns1,2\n",
        "too_many_columns",
    ),
    "a title of too many lines": (
        "enrollments",
        TITLE * 21 + f"{ROSTER}\n{ROW}\n",
        "unknown_column",
    ),
    "a row above the header": (
        "enrollments",
        f"list of students,,\n{ROW}\n{ROSTER}\n{ROW}\n",
        (
            "rows_above_header",
            "Line 2 could be a row of the table, and the header stands below it, in line 3. Move "
            "the header to the top, or remove what stands above it.",
        ),
    ),
    "a delimiter that is not read": (
        "enrollments",
        f"{ROSTER}\n{ROW}\n".replace(",", "|"),
        "unknown_delimiter",
    ),
    "a line that names such a delimiter": (
        "enrollments",
        f"sep=|\n{ROSTER}\n{ROW}\n",
        "unknown_delimiter",
    ),
}
UTF16 = f"{ROSTER}\n{ROW}\n".encode("utf-16-le")
BYTES: Mapping[str, tuple[str, Content, ExpectedError]] = {
    "NULs": ("enrollments", b"\0" * 100, "control_character"),
    "a NUL in the header": ("enrollments", f"student\0_id{ROSTER}\n{ROW}\n", "control_character"),
    "a NUL in a cell": ("enrollments", f"{ROSTER}\ns1003,BIO\x00101,2026J\n", "control_character"),
    "UTF-16 without its mark": (
        "enrollments",
        UTF16,
        (
            "control_character",
            "The header holds zero bytes: this is no text, or text in UTF-16 without its mark. "
            "Save the file as CSV in UTF-8.",
        ),
    ),
    "UTF-16 of the other order without its mark": (
        "enrollments",
        f"{ROSTER}\n{ROW}\n".encode("utf-16-be"),
        "control_character",
    ),
    "UTF-16 cut in the middle of a letter": (
        "enrollments",
        b"\xff\xfe" + f"{ROSTER}\ns1003,BIO101,2026Jx".encode("utf-16-le")[:-1],
        "undecodable",
    ),
    "UTF-16 with a lone surrogate": (
        "enrollments",
        b"\xff\xfe" + f"{ROSTER}\ns1003,BIO101,2026J".encode("utf-16-le") + b"\x00\xd8",
        "undecodable",
    ),
    "UTF-32": ("enrollments", f"{ROSTER}\n{ROW}\n".encode("utf-32"), "control_character"),
    "UTF-7": ("users", "student_id,last_name\ns2001,M+APw-ller\x1b\n", "control_character"),
    "a byte of Windows-1252 in UTF-8": (
        "users",
        b"student_id,last_name\ns2001,M\xfcller\ns2002,Zo\xc3\xab\n",
        (
            "undecodable",
            "Line 2: last_name “M\\xfcller” holds bytes that are not in the file's encoding. "
            "Save the file as UTF-8.",
        ),
    ),
    "letters of Windows-1252 and none of UTF-8": (
        "users",
        b"student_id,last_name\ns2001,M\xfcller\n",
        (
            "encoding_question",
            "The file is not in UTF-8. Read as Windows-1252 (cp1252), in which Excel saves CSV "
            "files, it says: “Müller”. If that is right, read it with this encoding: --encoding "
            "cp1252. If not, name the right one, or save the file as CSV UTF-8.",
        ),
    ),
    "a byte of Windows-1252 in the header": (
        "users",
        b"student_id,pr\xe9nom\ns2001,Zo\xc3\xab\n",
        "undecodable",
    ),
    "a surrogate written as UTF-8": (
        "users",
        b"student_id,last_name\ns2001,\xed\xa0\x80\n",
        "undecodable",
    ),
    "an overlong slash": ("users", b"student_id,last_name\ns2001,a\xc0\xafb\n", "undecodable"),
    "a letter cut at the end": ("users", b"student_id,last_name\ns2001,M\xc3", "undecodable"),
    "a second file behind the first": (
        "enrollments",
        f"{ROSTER}\n{ROW}\n\ufeff{ROSTER}\n{ROW}\n",
        "invalid_identifier",
    ),
    "half UTF-8, half UTF-16": (
        "enrollments",
        f"{ROSTER}\n{ROW}\n".encode() + UTF16,
        "control_character",
    ),
    "a PNG": ("users", b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + bytes(range(256)), "undecodable"),
    "a JPEG": ("users", b"\xff\xd8\xff\xe0\0\x10JFIF\0" + bytes(range(256)), "control_character"),
    "a GIF": ("users", b"GIF89a\x01\0\x01\0\x80\0\0" + bytes(range(256)), "control_character"),
    "an ELF program": ("users", b"\x7fELF\x02\x01\x01" + b"\0" * 64, "control_character"),
    "a SQLite database": ("users", b"SQLite format 3\0" + bytes(100), "control_character"),
    "random bytes": ("users", lambda: b"\0\xff" + secrets.token_bytes(4_000), "control_character"),
}
NAMED = (
    *("zlib_codec", "idna", "rot13", "punycode", "base64", "hex", "bz2", "uu", "undefined"),
    *("utf-16", "utf-32", "../etc", "no such", "mbcs"),
    *("\u202e8-ftu", "x" * 40, "<b>utf-8</b>", "latin 99", "%s{0}"),
)


def _forbidden() -> Iterator[BadFile]:
    for name in FORBIDDEN:
        text = f"student_id,{name}\ns1001,1\n"
        yield BadFile(f"forbidden: {name}", "users", text, "forbidden_column")


def bad_headers() -> Iterator[BadFile]:
    """Every bad header, and what is no text."""
    yield from cases("header", HEADERS)
    yield from _forbidden()
    yield from cases("bytes", BYTES)
    for name in NAMED:
        options = {"encoding": name}
        text = f"{ROSTER}\n{ROW}\n"
        named = f"encoding: {name!a}"
        yield BadFile(named, "enrollments", text, "unknown_encoding", options=options)
