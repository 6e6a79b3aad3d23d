"""Rows that came to a record while it was merged: who saved a form just then could not know."""

from collections.abc import Iterator
from typing import Any

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.admin_site.pages.health import CheckResult, health_check
from backoffice.apps.users.merging.policies import policy_of, references_to
from backoffice.apps.users.models import User


@health_check(gettext_lazy("Merged records"), order=27)
def merged_records() -> CheckResult:
    emptied = User._base_manager.filter(merged_into__isnull=False)
    count = emptied.count()
    late = _late(emptied) if count else ()
    kinds = [str(rows.model._meta.verbose_name_plural) for rows in late]
    if kinds:
        message = _(
            "Rows came to a record while it was merged into another one: %(kinds)s. Undo that "
            "merge, and merge the two again."
        )
        return CheckResult.warning(message % {"kinds": ", ".join(dict.fromkeys(kinds))})
    return CheckResult.good(
        _("No row came late to a merged record (%(count)d of them).") % {"count": count}
    )


def _late(emptied: models.QuerySet[User]) -> Iterator[models.QuerySet[Any]]:
    """The rows of each kind that should have moved; only those that are there."""
    references = [each for each in references_to(User) if policy_of(each).moves]
    for reference in references:
        rows = reference.model._base_manager.filter(**{f"{reference.name}__in": emptied})
        others = (each for each in references if each.model is reference.model)
        for other in others if policy_of(reference).between else ():
            if other is not reference:
                # What is between the two records remains there.
                rows = rows.exclude(**{other.name: models.F(f"{reference.name}__merged_into")})
        if rows.exists():
            yield rows
