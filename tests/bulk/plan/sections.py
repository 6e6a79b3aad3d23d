"""Files in which people are in sections of Canvas and in classes of OneRoster."""

CANVAS = "course_id,user_id,role,section_id,status,start_date,end_date\n"
ONEROSTER = (
    "sourcedId,status,dateLastModified,classSourcedId,schoolSourcedId,userSourcedId,role,primary,"
    "beginDate,endDate\n"
)
COURSE = "BIO101-2026J"


def canvas_file(*rows: str, course: str = COURSE) -> str:
    """A file of rows such as `s1001/ta S1 active 2026-02-01 2026-03-01`; `-` is a blank cell."""
    lines = []
    for row in rows:
        person, section, status, *days = row.split()
        person, _slash, role = person.partition("/")
        begin, end = (_moment(day) for day in [*days, "-", "-"][:2])
        cells = (course, person, role or "student", section.strip("-"), status, begin, end)
        lines.append(",".join(cells) + "\n")
    return CANVAS + "".join(lines)


def _moment(day: str) -> str:
    return f"{day}T00:00:00Z" if day != "-" else ""


def oneroster_file(*rows: str) -> str:
    """A file of rows such as `s1001/aide k-1 tobedeleted 2026-02-01 2026-03-01`, a delta or not."""
    lines = []
    for number, row in enumerate(rows):
        person, of_class, status, *days = row.split()
        person, _slash, role = person.partition("/")
        begin, end = ("" if day == "-" else day for day in [*days, "-", "-"][:2])
        status = status.strip("-")
        modified = "2026-05-01T00:00:00Z" if status else ""
        cells = (f"e{number}", status, modified, of_class, "o", person, role or "student", "false")
        lines.append(",".join([*cells, begin, end]) + "\n")
    return ONEROSTER + "".join(lines)
