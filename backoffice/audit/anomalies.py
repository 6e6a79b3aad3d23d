"""The sorts of unusual changes that the record itself knows."""

from django.utils.translation import gettext_lazy as _

from backoffice.audit.models import ChangeSet
from backoffice.audit.models.anomalies import ChangeSetQuerySet, unusual

MEANINGS = {
    "by_sql": _("It was written into the database past the product; no rule of a form was asked."),
    "by_superusers": _("This account may do everything; it is meant for emergencies."),
    "at_night": _("A person did it between 22:00 and 6:00 UTC, when hardly anybody works."),
    "that_deleted": _("Rows were deleted. What they were stands in their history."),
    "of_many_rows": _("More than 500 rows of one kind were changed at once, and not by a file."),
    "unexplained": _("It came by SQL, a command or a job, and nobody said why."),
    "unaccounted": _(
        "In the 12 hours before, the access record has no login of this account and no such run of "
        "a command, and no file of theirs brought it."
    ),
}

for word, title in ChangeSetQuerySet.questions.items():
    unusual(word, title, MEANINGS[word])(getattr(ChangeSet.objects, word))
