"""A removal that audit_retain did not make covers nothing up: each is named, with block and row."""

from django.utils import timezone

from backoffice.apps.courses.models import Course
from backoffice.audit.models import ChangeSet, Removal
from backoffice.audit.seal.ledgers import packed
from backoffice.audit.seal.seal import seal
from backoffice.audit.seal.verify import verify
from tests.forging import unwatched


def test_a_deletion_is_not_covered_up_by_a_removal(courses: dict[str, Course]):
    row = courses["BIO101"]
    Course.objects.filter(pk=row.pk).update(title="Marine biology")
    seal()
    version = Course.history.get(id=row.pk, title="Marine biology")
    with unwatched():
        Course.history.filter(pk=version.pk).delete()
        Removal.objects.create(
            change_set=ChangeSet.objects.first(),
            table_name="courses_historicalcourse",
            before=timezone.now(),
            row_count=1,
            ids=packed(version.pk),
        )
    seal()
    assert verify().status == 1
