"""The names of rows in the statements of an import and of an undo.

A kind's own checks and values are SQL expressions over these rows; only the engine knows aliases.
"""

NOW = "{now}"  # the moment of the import; `Writer` puts the parameter in


def cell(column: str) -> str:
    """SQL: the value of a column in a row of the file, NULL if it is blank."""
    return f"s.c_{column}"


def stored(column: str = "id") -> str:
    """SQL: a database column of the stored row with the same natural key, NULL without one."""
    return f"t.{column}"


def referred(reference: str, column: str = "id") -> str:
    """SQL: a database column of the row that a foreign key of the file leads to."""
    return f"r_{reference}.{column}"


def planned(reference: str) -> str:
    """SQL, where rows are written: the id to which a foreign key of the file leads."""
    return f"p.fk_{reference}"


def parent_id() -> str:
    """SQL, where a nested row is written: the key of the new row it stands in."""
    return "np.new_id"


def written_row() -> str:
    """SQL, in an undo: the key of a row that the import wrote."""
    return "w.row_id"


def written_version() -> str:
    """SQL, in an undo: the key of the version that the import wrote."""
    return "w.version"


def version(column: str) -> str:
    """SQL, in an undo: a database column of the version before the import."""
    return f"v.{column}"
