"""The scores of a line at export, in one cell: `TMA01=71.50; Essay 2=64.00`.

Each is named by the code of its assessment, so that columns may be deleted or reordered.
"""

import re
from collections.abc import Mapping
from urllib.parse import unquote

from backoffice.admin_site.spreadsheets import STARTS

# What a spreadsheet or this list would misread is written as `%3B` and the like.
MISTAKABLE = re.compile(f"[%;=]|^[{re.escape(STARTS)}']")


def bases_of(scores: Mapping[str, str]) -> str:
    return "; ".join(f"{MISTAKABLE.sub(_escaped, code)}={score}" for code, score in scores.items())


def _escaped(match: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in match.group().encode())


def bases_in(cell: str) -> dict[str, str]:
    """The scores in a cell, by code."""
    pairs = (entry.partition("=") for entry in cell.split(";"))
    return {unquote(code.strip()): score.strip() for code, _sign, score in pairs}
