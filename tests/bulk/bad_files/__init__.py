"""Bad files, made in code: each is refused with a sentence, none is an error of the server.

Beside them stand `mutations.py`, which spoil good files, and `school.py`, the school they speak of.
"""

from tests.bulk.bad_files.bombs import bombs, heavy_workbooks
from tests.bulk.bad_files.case import BadFile
from tests.bulk.bad_files.cells import bad_cells
from tests.bulk.bad_files.foreign import bad_foreign_files
from tests.bulk.bad_files.headers import bad_headers
from tests.bulk.bad_files.limits import bad_texts, heavy_texts
from tests.bulk.bad_files.packages import bad_packages
from tests.bulk.bad_files.rows import bad_rows

GROUPS = {
    "headers": bad_headers,
    "cells": bad_cells,
    "rows": bad_rows,
    "formats of other systems": bad_foreign_files,
    "packages": bad_packages,
    "bombs": bombs,
    "limits": bad_texts,
}


def bad_files() -> list[BadFile]:
    """All of them."""
    return [case for group in GROUPS.values() for case in group()]


def heavy_files() -> list[BadFile]:
    """Those that are too large for a test, and are for the drill."""
    return [*heavy_workbooks(), *heavy_texts()]
