"""Two records that are one person's: what is moved, folded and emptied, and how it is undone."""

from backoffice.apps.users.merging import relations as _relations  # noqa: F401  # registers
