"""What the record of changes may know from the imports: whose file a change came by."""

from django.db.models import Exists, OuterRef, Q

from backoffice.audit.models.anomalies import BY_FILE, evidence
from backoffice.bulk.models import Batch


@evidence
def uploaded_the_file() -> Q:
    """A file of theirs brought it: the worker may apply it long after the person left."""
    files = Batch.objects.filter(pk=OuterRef("batch"), change_set=OuterRef("pk"))
    theirs = Q(uploaded_by=OuterRef("actor")) | Q(approved_by=OuterRef("actor"))
    return Q(source__in=BY_FILE) & Q(Exists(files.filter(theirs)))
