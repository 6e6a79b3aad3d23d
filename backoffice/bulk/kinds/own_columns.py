"""What stays of the name of a column when the other system renames or reweighs it."""

import re

from backoffice.bulk.kinds.header_names import column_name

# By system: the part of a column's name by which that system itself tells columns apart.
LASTING = {
    "canvas": re.compile(r".*\((?P<part>[0-9]+)\)"),
    "blackboard": re.compile(r".*\] ?\|(?P<part>[^|]+)"),
    "brightspace": re.compile(r"(?=.*(?:grade|>)\Z)(?P<part>.+) points grade(?: <.*>)?"),
}


def lasting_name(dialect: str, header: str) -> str:
    """A column of another system's gradebook as mappings compare it; blank if it cannot be."""
    name = column_name(header)
    match = LASTING[dialect].fullmatch(name) if dialect in LASTING else None
    return match["part"].strip() if match else name
