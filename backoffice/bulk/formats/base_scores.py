"""What a line's scores were at export, in one cell: `TMA01=71.50; Essay 2=64.00`.

Each is named by the code of its assessment, so that columns may be deleted or stand in another
order; what a spreadsheet or this list would take for something else is written as `%3B` and the
like.
"""

import re
from collections.abc import Mapping
from urllib.parse import unquote

from backoffice.admin_site.spreadsheets import STARTS

MISTAKABLE = re.compile(f"[%;=]|^[{re.escape(STARTS)}']")


def bases_of(scores: Mapping[str, str]) -> str:
    """The cell of these scores, which are known by the assessments' codes."""
    return "; ".join(f"{MISTAKABLE.sub(_escaped, code)}={score}" for code, score in scores.items())


def _escaped(match: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in match.group().encode())


def bases_in(cell: str) -> dict[str, str]:
    """The scores that a cell tells."""
    pairs = (entry.partition("=") for entry in cell.split(";"))
    return {unquote(code.strip()): score.strip() for code, _sign, score in pairs}
