"""Every row that refers to a person has a declared policy for the merge of two records."""

import pytest
from django.db import models

from backoffice.apps.users.merging.policies import policy_of, references_to, unique_with
from backoffice.apps.users.models import Enrollment, User
from backoffice.audit.models import Audited
from tests.users.doubled_people import DONE_BY, NAMING

# Rows that name members of the staff, who are not merged.
OF_STAFF = {
    ("users_user", "merged_into_id"),
    ("assessments_submission", "grader_id"),
    ("courses_course", "instructor_id"),
    ("communications_announcement", "author_id"),
    ("communications_chatroom", "created_by_id"),
}


def every_reference() -> list[models.ForeignKey]:
    """The keys that lead to people, and to rows that go when two are folded or a part goes."""
    found, models_to_walk = {}, [User]
    while models_to_walk:
        for reference in references_to(models_to_walk.pop()):
            name = f"{reference.model._meta.label_lower}.{reference.name}"
            if name not in found:
                found[name] = reference
                policy = policy_of(reference)
                if policy.fold or policy.is_part:
                    models_to_walk.append(reference.model)
    return list(found.values())


def test_every_reference_to_a_person_or_to_what_goes_with_one_has_a_way():
    assert len(every_reference()) > 35
    for reference in every_reference():
        policy = policy_of(reference)
        policies = [policy.moves, policy.is_part, policy.follows, bool(policy.why)]
        assert policies.count(True) == 1, reference


def test_a_reference_without_a_policy_is_named():
    forgotten = models.ForeignKey(User, models.PROTECT)
    forgotten.name, forgotten.model = "tutor", Enrollment
    with pytest.raises(LookupError) as error:
        policy_of(forgotten)
    assert str(error.value) == (
        "Nothing says what becomes of users.enrollment.tutor when two rows are merged."
    )


def test_the_pairs_of_the_great_merge_are_named_in_every_table_that_may_name_students():
    """So that a new foreign key is counted there, too."""
    counted = {
        (table, name) for among in (NAMING, DONE_BY) for table in among for name in among[table]
    }
    # Accounts of staff alone have these, or the record says who it was then.
    for reference in references_to(User):
        policy, model = policy_of(reference), reference.model
        place = model._meta.db_table, reference.column
        if policy.moves or policy.follows or model._meta.app_label == "bulk":
            assert place in counted or place in OF_STAFF, place


def test_what_may_be_there_once_is_folded_and_what_may_be_there_often_moves():
    for reference in every_reference():
        policy = policy_of(reference)
        is_single = reference.unique or any(unique_with(reference))
        if policy.moves:
            assert is_single == (policy.fold is not None), reference


def test_what_moves_and_what_goes_is_recorded_so_that_it_can_be_undone():
    for reference in every_reference():
        policy = policy_of(reference)
        if policy.moves or policy.is_part or policy.follows:
            assert issubclass(reference.model, Audited), reference


def test_what_history_leaves_out_of_rows_that_go_tells_nothing_of_the_person():
    """The request keeps it for an undo, where forgetting does not look."""
    for reference in every_reference():
        policy, model = policy_of(reference), reference.model
        if policy.fold or policy.is_part:
            recorded = {field.name for field in model.history.model._meta.concrete_fields}
            left_out = {field.name for field in model._meta.concrete_fields} - recorded
            assert left_out <= {"updated_at", "maximum"}, model
