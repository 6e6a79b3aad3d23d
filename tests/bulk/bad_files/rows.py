"""Rows that do not fit their header, each other, or what is stored."""

from collections.abc import Iterator, Mapping

from tests.bulk.bad_files.case import BadFile, Content, ExpectedError, cases
from tests.bulk.bad_files.cells import table

ROSTER = "student_id,course_code,presentation"
GRADES = "student_id,assessment_id,score"
BOTH = {"create_students": True}
SHAPES: Mapping[str, tuple[str, Content, ExpectedError]] = {
    "a cell too few": (
        "enrollments",
        f"{ROSTER}\ns1003,BIO101\n",
        ("too_few_cells", "Line 2: the row has 2 cells, the header 3. A cell is missing."),
    ),
    "a cell too many": (
        "enrollments",
        f"{ROSTER}\ns1003,BIO101,2026J,x\n",
        (
            "too_many_cells",
            "Line 2: the row has 4 cells, the header 3. Put values that hold the delimiter in "
            "quotation marks.",
        ),
    ),
    "a hundred cells too many": (
        "enrollments",
        f"{ROSTER}\ns1003,BIO101,2026J{',x' * 100}\n",
        "too_many_cells",
    ),
    "an unquoted comma in a name": (
        "users",
        "student_id,last_name,email\ns2001,Byron, Lady,ada@example.org\n",
        (
            "too_many_cells",
            "Line 2: the row has 4 cells, the header 3. last_name probably holds an unquoted "
            "delimiter; put it in quotation marks.",
        ),
    ),
    "a row of another delimiter": (
        "enrollments",
        f"{ROSTER}\ns1003;BIO101;2026J\n",
        "too_few_cells",
    ),
    "blank rows between rows": (
        "enrollments",
        f"{ROSTER}\ns1003,BIO101,2026J\n,,\ns1003,ART200,2026B\n",
        "required",
    ),
    "an open quotation mark": ("enrollments", f'{ROSTER}\n"s1003,BIO101,2026J\n', "bad_quoting"),
    "a quotation mark in a cell": (
        "enrollments",
        f'{ROSTER}\n"s10"03",BIO101,2026J\n',
        "bad_quoting",
    ),
    "text behind a closed quotation mark": (
        "enrollments",
        f'{ROSTER}\n"s1003"x,BIO101,2026J\n',
        "bad_quoting",
    ),
    "a quotation mark open to the end": (
        "users",
        'student_id,last_name\ns2001,"van\nder\nBerg\n',
        "bad_quoting",
    ),
    "a table of HTML": (
        "users",
        "<html><body><table><tr><td>s1001\n</table>\n",
        (
            "not_a_table",
            "This is a web page, whatever the file is called. Open it in Excel, save it as .xlsx "
            "or as CSV, and upload that.",
        ),
    ),
    "JSON": ("users", '[{"student_id": "s1001"},\n{"student_id": "s1002"}]\n', "unknown_column"),
    "XML": ("users", '<?xml version="1.0"?>\n<users><user id="1"/></users>\n', "unknown_column"),
    "a line of SQL": (
        "users",
        "INSERT INTO users_user VALUES (1, 2);\nSELECT 1;\n",
        "unknown_column",
    ),
    "an e-mail": ("users", "Dear registrar,\n\nplease find the list attached.\n", "unknown_column"),
}
CONTRADICTIONS: Mapping[str, tuple[str, Content, ExpectedError]] = {
    "one key with two values": (
        "enrollments",
        table("enrollments", {}, {"status": "completed"}),
        (
            "conflicting_duplicate",
            "Line 3: the same row stands on line 2 already with another value in status. The "
            "first one stands.",
        ),
    ),
    "one key with two values of which one is blank": (
        "courses",
        table("courses", {}, {"title": ""}),
        "conflicting_duplicate",
    ),
    "two e-mails of one student": (
        "enrollments",
        table(
            "enrollments",
            {},
            {"course_code": "ART200", "presentation": "2026B", "email": "b@example.org"},
        ),
        "other_email",
    ),
    "one e-mail of two students": (
        "enrollments",
        table("enrollments", {}, {"student_id": "s2002"}),
        (
            "email_taken",
            "Line 3: student_id “s2002” comes with the email of s2001. Correct one of the two.",
        ),
    ),
    "another e-mail than the stored one": (
        "enrollments",
        table("enrollments", {"student_id": "s1001"}),
        (
            "other_email",
            "Line 2: email “ada@example.org” contradicts “zoe@example.org”, which this person "
            "already has. Correct one of them.",
        ),
    ),
    "one e-mail of two people": (
        "users",
        table("users", {}, {"student_id": "s2002"}),
        (
            "email_taken",
            "Line 3: email “ada@example.org” belongs to s2001 already. Correct it, or the key.",
        ),
    ),
}
STORED: Mapping[str, tuple[str, Content, ExpectedError]] = {
    "an unknown student": (
        "enrollments",
        f"{ROSTER}\ns9999,BIO101,2026J\n",
        (
            "unknown_student",
            "Line 2: student_id “s9999” names no person that exists. Check it, or add it first.",
        ),
    ),
    "an unknown student and an unknown course": (
        "enrollments",
        f"{ROSTER}\ns9999,BIO999,2026J\n",
        "unknown_student",
    ),
    "an assessment of two courses": (
        "grades",
        f"{GRADES}\ns1001,EXAM,7\n",
        (
            "ambiguous_assessment",
            "Line 2: assessment_id “EXAM” is the name of several. Add the columns course code, "
            "course presentation.",
        ),
    ),
    "a final grade": (
        "grades",
        f"{GRADES}\ns1001,FINAL,45\n",
        (
            "final_grade",
            "Line 2: score “45”: the grade 40 is final. Give a reason for the import; a second "
            "person has to agree then.",
        ),
    ),
    "a better attempt": ("grades", f"{GRADES}\ns1001,HIGHEST,50\n", "better_attempt"),
    "an average of attempts": ("grades", f"{GRADES}\ns1001,AVERAGE,50\n", "average_of_attempts"),
    "a score changed on both sides": (
        "grades",
        "student_id,assessment_id,score,base_score,base_version\ns1001,HIGHEST,90,70,1\n",
        (
            "changed_since_export",
            "Line 2: score “90”: since the export the score went from 70 to 80. To keep what is "
            "stored, enter it as score; to replace it, enter it as base_score.",
        ),
    ),
    "a maximum below a score": (
        "assessments",
        table("assessments", {"assessment_id": "FINAL", "max_score": "30"}),
        "maximum_exceeded",
    ),
    "a username nobody has": ("users", "username,language\nnobody,en\n", "unknown_row"),
}
MODES: Mapping[str, tuple[str, Content, ExpectedError]] = {
    "a known row where rows are added": (
        "users",
        "student_id,language\ns1001,de\n",
        (
            "already_exists",
            "Line 2: student_id “s1001”: this row exists already, and the chosen mode only adds "
            "rows.",
        ),
    ),
    "a known course where courses are added": (
        "courses",
        "course_code,presentation,title\nBIO101,2026J,Bio\n",
        "already_exists",
    ),
}
UPDATES: Mapping[str, tuple[str, Content, ExpectedError]] = {
    "an unknown row where rows are changed": (
        "users",
        "student_id,language\ns9999,de\n",
        (
            "unknown_row",
            "Line 2: student_id “s9999”: no such row exists, and this import only changes rows "
            "that do.",
        ),
    ),
    "an unknown enrollment where enrollments are changed": (
        "enrollments",
        f"{ROSTER}\ns1003,BIO101,2026J\n",
        "unknown_row",
    ),
}


def bad_rows() -> Iterator[BadFile]:
    """Every bad row, with the options it is bad under."""
    yield from cases("shape", SHAPES)
    yield from cases("rows", CONTRADICTIONS, options=BOTH)
    yield from cases("stored", STORED)
    yield from cases("mode create", MODES, options={"mode": "create"})
    yield from cases("mode update", UPDATES, options={"mode": "update"})
