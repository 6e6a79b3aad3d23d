"""Two records that are one person's: what is moved, folded and emptied, and how it is undone."""

# They register what becomes of rows, and health checks.
from backoffice.apps.users.merging import late_rows as _late_rows  # noqa: F401
from backoffice.apps.users.merging import relations as _relations  # noqa: F401
from backoffice.apps.users.merging import waiting as _waiting  # noqa: F401
