"""Files of other systems with something in them that is nothing here."""

from collections.abc import Iterator, Mapping

from tests.bulk.bad_files.case import BadFile, Content, ExpectedError, cases

CANVAS = "course_id,user_id,role,section_id,status,start_date,end_date"
CANVAS_USERS = "user_id,login_id,first_name,last_name,email,status"
CANVAS_COURSES = "course_id,short_name,long_name,term_id,status,start_date"
GRADEBOOK = "Student,ID,SIS User ID,SIS Login ID,Section,Essay (ESSAY),Final Score"
MOODLE = "username,firstname,lastname,email,idnumber,suspended"
ROSTER_USERS = (
    "sourcedId,status,dateLastModified,enabledUser,orgSourcedIds,role,username,userIds,"
    "givenName,familyName,middleName,identifier,email"
)
ROSTER = "sourcedId,status,dateLastModified,classSourcedId,schoolSourcedId,userSourcedId,role"
ITEMS = "sourcedId,status,title,classSourcedId,resultValueMin,resultValueMax,dueDate"
RESULTS = "sourcedId,status,lineItemSourcedId,studentSourcedId,scoreStatus,score,scoreDate"
CLASSES = "sourcedId,status,title,grades,courseSourcedId,classType"
EDX = "user_id,username,student_key,course_id,track,cohort,name-ESSAY,new_override-ESSAY"
FILES: Mapping[str, tuple[str, Content, ExpectedError]] = {
    "Canvas, a status of none": (
        "enrollments",
        f"{CANVAS}\nBIO101-2026J,s1003,student,A,gone,,\n",
        (
            "invalid_choice",
            "Line 2: status “gone” is not one of: active, completed, deleted, inactive, "
            "deleted_last_completed.",
        ),
    ),
    "Canvas, a role of none": (
        "enrollments",
        f"{CANVAS}\nBIO101-2026J,s1003,janitor,A,active,,\n",
        "nothing_for_us",
    ),
    "Canvas, an unknown course": (
        "enrollments",
        f"{CANVAS}\nNONE-2026J,s1003,student,A,active,,\n",
        (
            "unknown_course",
            "Line 2: course_id “NONE-2026J” names no course that exists. Check it, or add it "
            "first.",
        ),
    ),
    "Canvas, a course without a presentation": (
        "enrollments",
        f"{CANVAS}\nNONE,s1003,student,A,active,,\n",
        (
            "course_without_presentation",
            "Line 2: course_id “NONE” does not say which presentation of the course is meant. "
            "Write it like BIO101-2026J.",
        ),
    ),
    "Canvas, one of two courses": (
        "enrollments",
        f"{CANVAS}\nA-B-C,s1003,student,A,active,,\n",
        "ambiguous_course",
    ),
    "Canvas, no course": ("enrollments", f"{CANVAS}\n,s1003,student,,active,,\n", "required"),
    "Canvas, no student": (
        "enrollments",
        f"{CANVAS}\nBIO101-2026J,,student,A,active,,\n",
        "required",
    ),
    "Canvas, no status": (
        "enrollments",
        f"{CANVAS}\nBIO101-2026J,s1003,student,A,,,\n",
        "invalid_choice",
    ),
    "Canvas, a local date": (
        "enrollments",
        f"{CANVAS}\nBIO101-2026J,s1003,student,A,active,02/03/2026,\n",
        "invalid_date",
    ),
    "Canvas, a cell too few": (
        "enrollments",
        f"{CANVAS}\nBIO101-2026J,s1003,student\n",
        "too_few_cells",
    ),
    "Canvas, braces in a course": (
        "enrollments",
        f"{CANVAS}\n{{0}}{{x}},s1003,student,A,active,,\n",
        "course_without_presentation",
    ),
    "Canvas, braces in a status": (
        "enrollments",
        f"{CANVAS}\nBIO101-2026J,s1003,student,A,{{value}}%s,,\n",
        "invalid_choice",
    ),
    "Canvas, a NUL in a course": (
        "enrollments",
        f"{CANVAS}\nBIO\x00101-2026J,s1003,student,A,active,,\n",
        "control_character",
    ),
    "Canvas, only teachers": (
        "enrollments",
        f"{CANVAS}\nBIO101-2026J,t1,teacher,A,active,,\n",
        "nothing_for_us",
    ),
    "Canvas, no rows": ("enrollments", f"{CANVAS}\n", "no_rows"),
    "Canvas enrollments as people": (
        "users",
        f"{CANVAS}\nBIO101-2026J,s1003,student,A,active,,\n",
        (
            "other_kind",
            "The file reads as “Canvas SIS enrollments”. Choose the kind “enrollments” for it.",
        ),
    ),
    "Canvas users, an identifier of none": (
        "users",
        f"{CANVAS_USERS}\nN/A,a,A,B,a@example.org,active\n",
        "invalid_identifier",
    ),
    "Canvas users, a status of none": (
        "users",
        f"{CANVAS_USERS}\ns2001,a,A,B,a@example.org,asleep\n",
        "invalid_choice",
    ),
    "Canvas users, somebody's e-mail": (
        "users",
        f"{CANVAS_USERS}\ns2001,a,A,B,zoe@example.org,active\n",
        "email_taken",
    ),
    "Canvas users, rights": (
        "users",
        f"{CANVAS_USERS},is_superuser\ns2001,a,A,B,a@example.org,active,1\n",
        "forbidden_column",
    ),
    "Canvas users, a password and an open quotation mark": (
        "users",
        f'{CANVAS_USERS},password\ns2001,a,A,"B,a@example.org,active,geheim\n',
        "too_few_cells",
    ),
    "Canvas courses, a status of none": (
        "courses",
        f"{CANVAS_COURSES}\nX-1,X,X,,open,\n",
        "invalid_choice",
    ),
    "Canvas courses, no day": (
        "courses",
        f"{CANVAS_COURSES}\nX-1,X,X,,active,2026-02-30T00:00:00Z\n",
        "invalid_date",
    ),
    "Canvas courses, no term": (
        "courses",
        f"{CANVAS_COURSES}\nX,X,X,,active,\n",
        "course_without_presentation",
    ),
    "Canvas gradebook, a comma in a score": (
        "grades",
        f'{GRADEBOOK}\n"O\'Moore, Zoë",1,s1001,z,A,"23,5",9\n',
        "invalid_number",
    ),
    "Canvas gradebook, above the maximum": (
        "grades",
        f'{GRADEBOOK}\n"O\'Moore, Zoë",1,s1001,z,A,101,9\n',
        "score_above_maximum",
    ),
    "Canvas gradebook, an unknown assignment": (
        "grades",
        f'{GRADEBOOK},Lab (NONE)\n"O\'Moore, Zoë",1,s1001,z,A,,9,1\n',
        "unknown_assessment",
    ),
    "Canvas gradebook, no SIS ID": (
        "grades",
        f'{GRADEBOOK}\n"O\'Moore, Zoë",1,,z,A,23,9\n',
        "required",
    ),
    "Canvas gradebook, all excused": (
        "grades",
        f'{GRADEBOOK}\n"O\'Moore, Zoë",1,s1001,z,A,EX,9\n',
        "nothing_for_us",
    ),
    "Canvas gradebook, only points possible": (
        "grades",
        f"{GRADEBOOK}\n    Points Possible,,,,,100,(read only)\n",
        "no_rows",
    ),
    "Canvas gradebook, no scores": (
        "grades",
        f'{GRADEBOOK}\n"O\'Moore, Zoë",1,s1001,z,A,,\n',
        "no_rows",
    ),
    "Canvas gradebook, one assignment twice": (
        "grades",
        f'{GRADEBOOK},Again (ESSAY)\n"O\'Moore, Zoë",1,s1001,z,A,23,9,24\n',
        "conflicting_duplicate",
    ),
    "Moodle users, suspended maybe": (
        "users",
        f"{MOODLE}\nada,Ada,Byron,ada@example.org,s2001,maybe\n",
        "invalid_choice",
    ),
    "Moodle users, no ID number and a name that is none": (
        "users",
        f"{MOODLE}\nada,Ada,Byron,ada@example.org,,0\n",
        "invalid_identifier",
    ),
    "Moodle users, a bad e-mail": (
        "users",
        f"{MOODLE}\nada,Ada,Byron,ada,s2001,0\n",
        "invalid_email",
    ),
    "Moodle flat, no time": (
        "enrollments",
        "add, student, s1003, BIO101-2026J, soon\n",
        (
            "invalid_date",
            "Line 1: starttime “soon” is not a Unix time. Write seconds since 1970.",
        ),
    ),
    "Moodle flat, a time beyond time": (
        "enrollments",
        "add,student,s1003,BIO101-2026J,99999999999999999999\n",
        "invalid_date",
    ),
    "Moodle flat, a time of 5,000 digits": (
        "enrollments",
        f"add,student,s1003,BIO101-2026J,{'9' * 5_000}\n",
        "invalid_date",
    ),
    "Moodle flat, a time with underscores": (
        "enrollments",
        "add,student,s1003,BIO101-2026J,1_769_904_000\n",
        "invalid_date",
    ),
    "Moodle flat, a time of other digits": (
        "enrollments",
        "add,student,s1003,BIO101-2026J,１７６９９０４０００\n",
        "invalid_date",
    ),
    "Moodle flat, a time before 1970": (
        "enrollments",
        "add,student,s1003,BIO101-2026J,-5\n",
        "invalid_date",
    ),
    "Moodle flat, an operation of none": (
        "enrollments",
        "add,student,s1003,BIO101-2026J\nupd,student,s1003,BIO101-2026J\n",
        "invalid_choice",
    ),
    "Moodle flat, an unknown course": (
        "enrollments",
        "add,student,s1003,NONE-1\n",
        "unknown_course",
    ),
    "Moodle flat, only teachers": (
        "enrollments",
        "add,editingteacher,t1,BIO101-2026J\n",
        "nothing_for_us",
    ),
    "Moodle flat, three cells": (
        "enrollments",
        "add,student,s1003,BIO101-2026J\nadd,student,s1003\n",
        "too_few_cells",
    ),
    "OneRoster users, switched on maybe": (
        "users",
        f"{ROSTER_USERS}\nu1,,,maybe,o,student,ada,,Ada,Byron,,s2001,ada@example.org\n",
        "invalid_choice",
    ),
    "OneRoster users, an identifier of none": (
        "users",
        f"{ROSTER_USERS}\nu1,,,true,o,student,ada,,Ada,Byron,,,ada@example.org\n",
        "invalid_identifier",
    ),
    "OneRoster enrollments, a role of none": (
        "enrollments",
        f"{ROSTER}\ne1,,,BIO101-2026J,o,s1003,janitor\n",
        "invalid_choice",
    ),
    "OneRoster enrollments, an unknown class": (
        "enrollments",
        f"{ROSTER}\ne1,,,NONE-2026J,o,s1003,student\n",
        "unknown_course",
    ),
    "OneRoster enrollments, a status of none": (
        "enrollments",
        f"{ROSTER}\ne1,late,,BIO101-2026J,o,s1003,student\n",
        "invalid_choice",
    ),
    "OneRoster classes, no term": (
        "courses",
        f"{CLASSES}\nX,,X,1,X,scheduled\n",
        "course_without_presentation",
    ),
    "OneRoster line items, no maximum": (
        "assessments",
        f"{ITEMS}\nTMA09,,Nine,BIO101-2026J,0,-1,2026-03-01\n",
        "not_positive",
    ),
    "OneRoster line items, no date": (
        "assessments",
        f"{ITEMS}\nTMA09,,Nine,BIO101-2026J,0,10,tomorrow\n",
        "invalid_date",
    ),
    "OneRoster results, a score of words": (
        "grades",
        f"{RESULTS}\nr1,,ESSAY,s1001,fully graded,good,2026-03-01\n",
        "invalid_number",
    ),
    "OneRoster results, an unknown line item": (
        "grades",
        f"{RESULTS}\nr1,,NONE,s1001,fully graded,7,2026-03-01\n",
        "unknown_assessment",
    ),
    "OneRoster results, all exempt": (
        "grades",
        f"{RESULTS}\nr1,,ESSAY,s1001,exempt,,2026-03-01\n",
        "nothing_for_us",
    ),
    "Open edX, an override of words": (
        "grades",
        f"{EDX}\n7,zoe,s1001,course-v1:School+BIO101+2026J,audit,,Essay,A+\n",
        "invalid_number",
    ),
    "Open edX, another course": (
        "grades",
        f"{EDX}\n7,zoe,s1001,course-v1:School+ART200+2026B,audit,,Essay,7\n",
        "assessment_elsewhere",
    ),
    "Open edX, a course of one part": (
        "grades",
        f"{EDX}\n7,zoe,s1001,BIOLOGY,audit,,Essay,7\n",
        "course_without_presentation",
    ),
    "Open edX, no student": (
        "grades",
        f"{EDX}\n7,,,course-v1:School+BIO101+2026J,audit,,Essay,7\n",
        "required",
    ),
}
WRONG_FORMAT = {
    "canvas": "Canvas",
    "moodle": "Moodle",
    "oneroster": "OneRoster",
    "edx": "Open edX",
}


def bad_foreign_files() -> Iterator[BadFile]:
    """Every bad file of another system, and our own under another's name."""
    yield from cases("foreign", FILES)
    text = "student_id,course_code,presentation\ns1003,BIO101,2026J\n"
    for dialect, name in WRONG_FORMAT.items():
        message = (
            f"The header is not that of a file of {name}. Choose the right format, or let it be "
            "recognised."
        )
        options = {"dialect": dialect}
        named = f"foreign: our own file as {name}"
        yield BadFile(named, "enrollments", text, "other_format", message, options)
    yield BadFile(
        *("foreign: a file of Canvas as our own", "enrollments"),
        f"{CANVAS}\nBIO101-2026J,s1003,student,A,active,,\n",
        "unknown_column",
        options={"dialect": "native"},
    )
