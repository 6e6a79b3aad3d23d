"""Every spelling that the cell rules refuse, in every column that has the rule."""

from collections.abc import Iterator, Mapping

from tests.bulk.bad_files.case import BadFile, ExpectedError, error_fields

GOOD: Mapping[str, Mapping[str, str]] = {
    "users": {
        "student_id": "s2001",
        "first_name": "Ada",
        "last_name": "Byron",
        "email": "ada@example.org",
        "graduation_year": "2027",
        "specialization": "Biology",
        "language": "en",
        "timezone": "Europe/Dublin",
        "is_active": "1",
    },
    "courses": {
        "course_code": "NEW101",
        "presentation": "2027J",
        "title": "New",
        "starts_on": "2027-02-01",
        "ends_on": "2027-06-30",
        "status": "published",
        "instructor": "m.garcia",
        "enrollment_limit": "120",
        "length_days": "9",
    },
    "enrollments": {
        "student_id": "s2001",
        "course_code": "BIO101",
        "presentation": "2026J",
        "role": "student",
        "status": "active",
        "enrolled_on": "2026-02-03",
        "withdrawn_on": "",
        "final_result": "Pass",
        "first_name": "Ada",
        "last_name": "Byron",
        "email": "ada@example.org",
    },
    "assessments": {
        "assessment_id": "TMA01",
        "course_code": "BIO101",
        "presentation": "2026J",
        "title": "First",
        "assessment_type": "assignment",
        "due_on": "2026-03-01",
        "weight": "20",
        "max_score": "100",
    },
    "grades": {
        "student_id": "s1001",
        "assessment_id": "ESSAY",
        "course_code": "BIO101",
        "presentation": "2026J",
        "assessment_type": "assignment",
        "score": "71.5",
        "max_score": "100",
        "submitted_on": "2026-03-01",
        "is_banked": "0",
    },
}
OPTIONS = {"enrollments": {"create_students": True}}
DATE = "{0} “{1}” is not a date. Write year-month-day, for example 2013-10-19."
NUMBER = "{0} “{1}” is not a plain number. Use digits and at most two decimals, like 71.5."
NOT_DATES = {
    "03/04/13": ("invalid_date", DATE),
    "41548": ("invalid_date", DATE),
    "2013-02-30": ("invalid_date", "{0} “{1}” is a day that does not exist."),
    "2013-10": "invalid_date",
    "19.10.2013": "invalid_date",
    "2013-10-19T10:00": "invalid_date",
    "２０１３-10-19": "invalid_date",
    "0000-01-01": "invalid_date",
}
BEYOND_TIME = {
    "0001-01-01T00:00:00+14:00": ("invalid_date", "{0} “{1}” is a day that does not exist."),
    "9999-12-31T23:59:59-12:00": "invalid_date",
}
NOT_SCORES = {
    "7_8": ("invalid_number", NUMBER),
    "1e3": "invalid_number",
    "NaN": "invalid_number",
    "inf": "invalid_number",
    '"71,5"': ("invalid_number", NUMBER.format("score", "71,5")),
    "٧١": "invalid_number",
    "７１": "invalid_number",
    "71.555": "invalid_number",
    ".": "invalid_number",
    "71.5.": "invalid_number",
    '"1,050"': (
        "invalid_number",
        "score “1,050” may be 1050 or 1.05. Write the one you mean.",
    ),
    '"1,05.00"': "invalid_number",
    '"0,050.00"': "invalid_number",
    '"1.050,00"': "invalid_number",
    "0x10": "invalid_number",
    "71 %": "invalid_number",
    "--1": "invalid_number",
    "9999999999999999": "invalid_number",
    "-0.01": ("score_negative", "{0} “{1}”: A score is 0 or more."),
    "100.01": (
        "score_above_maximum",
        "{0} “{1}”: The score is above the maximum score of the assessment.",
    ),
}
NOT_IDENTIFIERS = {
    "": ("required", "{0} is empty; every row needs it."),
    "N/A": "invalid_identifier",
    "1.40E+06": (
        "identifier_scientific",
        "{0} “{1}” was rounded by a spreadsheet. Format the column as text and enter it again.",
    ),
    '"1,4e6"': "identifier_scientific",
    "12": "invalid_identifier",
    "abcde123": "invalid_identifier",
    "s-1001": "invalid_identifier",
    "s２００１": "invalid_identifier",
    "174782.5": "invalid_identifier",
    "-174782": "invalid_identifier",
    "1234567890123": "invalid_identifier",
    "#N/A": "invalid_identifier",
    "s2001\0": "control_character",
    "s2001\u202e": "control_character",
}
REFUSED: Mapping[tuple[str, str], Mapping[str, ExpectedError]] = {
    ("users", "student_id"): NOT_IDENTIFIERS,
    ("users", "first_name"): {
        "x" * 151: ("too_long", "first_name is too long: at most 150 characters fit."),
        "Zo\x07": (
            "control_character",
            "first_name “Zo\\x07” holds an invisible control character. Type the value again.",
        ),
        "Zo\x85\x9f": "control_character",
        "Zo\ufffd": "undecodable",
        "Zo\ufffe": "control_character",
        "Z" + "\u0301\u0323" * 20: "control_character",
        "\u2066Zoe": "control_character",
    },
    ("users", "email"): {
        "ada": "invalid_email",
        "ada@": "invalid_email",
        "@example.org": "invalid_email",
        "ada@@example.org": "invalid_email",
        "ada byron@example.org": "invalid_email",
        "ada@example": "invalid_email",
        "ada@example.org;b@example.org": "invalid_email",
        "mailto:ada@example.org": "invalid_email",
        "a" * 250 + "@example.org": "too_long",
        "zoe@example.org": (
            "email_taken",
            "email “zoe@example.org” belongs to s1001 already. Correct it, or the key.",
        ),
        "ZOE@Example.org ": "email_taken",
    },
    ("users", "graduation_year"): {
        "20x7": ("invalid_number", "{0} “{1}” is not a whole number. Use digits only."),
        "2027.5": "invalid_number",
        "2_027": "invalid_number",
        "２０２７": "invalid_number",
        "1e3": "invalid_number",
        "1899": "out_of_range",
        "2201": "out_of_range",
        "-2027": "out_of_range",
        "99999999999999999999": "invalid_number",
        "999999999999999999": "out_of_range",
    },
    ("users", "language"): {
        "Klingonese!": (
            "invalid_value",
            "{0} “{1}”: “{1}” is not a language tag. Write it like en or pt-BR.",
        )
    },
    ("users", "timezone"): {
        "Mars/Olympus": (
            "invalid_value",
            "{0} “{1}”: “{1}” is not a time zone. Write it like Europe/Berlin or UTC.",
        ),
        "../../etc/passwd": "invalid_value",
    },
    ("users", "is_active"): {
        "maybe": (
            "invalid_choice",
            "is_active “maybe” is neither true nor false. Write 1 or true, 0 or false.",
        ),
        "2": "invalid_choice",
        "-1": "invalid_choice",
        "1.5": "invalid_choice",
    },
    ("users", "specialization"): {"x" * 151: "too_long"},
    ("courses", "course_code"): {
        "": "required",
        "x" * 300: "too_long",
        "BIO\x1b101": "control_character",
    },
    ("courses", "presentation"): {"": "required", "x" * 300: "too_long"},
    ("courses", "title"): {"x" * 3000: "too_long"},
    ("courses", "starts_on"): NOT_DATES | {"2027-12-01": "ends_before_start"},
    ("courses", "ends_on"): {"2027-01-31": "ends_before_start", "12/31/2027": "invalid_date"},
    ("courses", "status"): {
        "publishd": (
            "invalid_choice",
            "status “publishd” is not one of: draft, published, archived. Did you mean "
            "“published”?",
        ),
        "1": "invalid_choice",
    },
    ("courses", "instructor"): {
        "nobody": "unknown_instructor",
        "clerk": "not_an_instructor",
        "s1001": "not_an_instructor",
    },
    ("courses", "enrollment_limit"): {
        "many": "invalid_number",
        "-1": "out_of_range",
        "1.5": "invalid_number",
        "99999999999": "out_of_range",
    },
    ("enrollments", "student_id"): {"": "required", "N/A": "invalid_identifier"},
    ("enrollments", "course_code"): {
        "": "required",
        "BIO999": (
            "unknown_course",
            "course_code “BIO999” names no course that exists. Check it, or add it first.",
        ),
    },
    ("enrollments", "presentation"): {
        "": "required",
        "2031J": (
            "unknown_presentation",
            "presentation “2031J” names no course that exists. Check it, or add it first.",
        ),
    },
    ("enrollments", "role"): {
        "superuser": (
            "invalid_choice",
            "role “superuser” is not one of: student, teaching_assistant, observer.",
        ),
        "teacher": "invalid_choice",
    },
    ("enrollments", "status"): {"enroled": "invalid_choice", "<b>": "invalid_choice"},
    ("enrollments", "enrolled_on"): NOT_DATES
    | {
        "2026-07-01": (
            "enrolled_after_end",
            "enrolled_on “2026-07-01”: The enrollment lies after the end of the course. Correct "
            "the date.",
        )
    },
    ("enrollments", "withdrawn_on"): {
        "2026-02-02": "withdrawn_before_enrolled",
        "soon": "invalid_date",
    },
    ("enrollments", "final_result"): {"x" * 3000: "too_long"},
    ("enrollments", "email"): {
        "ada at example.org": "invalid_email",
        "ada@exam\u00adple.org": (
            "invalid_email",
            "email holds an invisible sign, SOFT HYPHEN (U+00AD), which stands here: "
            "“ada@exam[SOFT HYPHEN (U+00AD)]ple.org”. Type the value again.",
        ),
        "wei@example.org": "email_taken",
    },
    ("assessments", "assessment_id"): {
        "": "required",
        "1.0E+3": "identifier_scientific",
        "x" * 300: "too_long",
    },
    ("assessments", "course_code"): {"": "required", "BIO999": "unknown_course"},
    ("assessments", "assessment_type"): {"essay": "invalid_choice"},
    ("assessments", "due_on"): BEYOND_TIME
    | {"next week": "invalid_date", "2026-13-01": "invalid_date"},
    ("assessments", "weight"): {
        "20 %": "invalid_number",
        "-1": "weight_negative",
        '"12,5"': "invalid_number",
        "1000000": "out_of_range",
    },
    ("assessments", "max_score"): {
        "0": "not_positive",
        "-5": "not_positive",
        "1e2": "invalid_number",
        "1000000000": "out_of_range",
    },
    ("grades", "student_id"): {
        "": "required",
        "s9999": "unknown_student",
        "s1003": "not_enrolled",
        "1.4E+06": "identifier_scientific",
    },
    ("grades", "assessment_id"): {"": "required", "NONE": "unknown_assessment"},
    ("grades", "course_code"): {"": "required", "ART200": "assessment_elsewhere"},
    ("grades", "presentation"): {"": "required", "2031J": "assessment_elsewhere"},
    ("grades", "assessment_type"): {"exam": "other_assessment_type"},
    ("grades", "score"): NOT_SCORES,
    ("grades", "max_score"): {
        "50": (
            "other_max_score",
            "max_score “50” contradicts “100”, which the assessment has. Correct the file, or the "
            "assessment first.",
        ),
        "a lot": "invalid_number",
    },
    ("grades", "submitted_on"): BEYOND_TIME
    | {
        "2999-01-01": ("invalid_date", "{0} “{1}”: This moment has not come yet."),
        "2026-02-30T10:00:00Z": "invalid_date",
        "2026-03-01 10:00": "invalid_date",
    },
    ("grades", "is_banked"): {
        "": ("required", "{0} is empty; every row needs it."),
        "yes": ("invalid_choice", "is_banked “yes” is neither 1 nor 0."),
        "TRUE": "invalid_choice",
        "2": "invalid_choice",
    },
}


def table(kind: str, *rows: Mapping[str, str]) -> str:
    """A file of a kind: rows that differ in some cells from the good one."""
    good = GOOD[kind]
    lines = [good, *(good | row for row in rows)]
    return "\n".join([",".join(good), *(",".join(line.values()) for line in lines[1:])]) + "\n"


def bad_cells() -> Iterator[BadFile]:
    """A file for each refused spelling."""
    for (kind, column), values in REFUSED.items():
        for value, expected in values.items():
            fields = error_fields(expected)
            if fields["message"]:
                fields["message"] = "Line 2: " + fields["message"].format(column, value)
            options = OPTIONS.get(kind, {})
            name = f"cell: {kind}.{column} {value[:20]!a}"
            yield BadFile(name, kind, table(kind, {column: value}), **fields, options=options)
