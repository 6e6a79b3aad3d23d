"""More than 400 bad files, and good ones spoilt by chance: each gets its sentences."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
from django.apps import apps
from django.db import models
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from backoffice.audit.models import Audited, ChangeSet
from tests.bulk.bad_files import GROUPS, bad_files, school
from tests.bulk.bad_files.answers import Answer, answer_to
from tests.bulk.bad_files.case import BadFile
from tests.bulk.bad_files.mutations import GOOD_FILES, MUTATIONS

AnswerFor = Callable[[BadFile], Answer]
LEAST = 400
many = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)


def stored() -> dict[str, int]:
    """How many rows each table of the school and of its record has."""
    audited = [model for model in apps.get_models() if issubclass(model, Audited)]
    tables: list[type[models.Model]] = [
        *audited,
        *(model.history.model for model in audited),
        ChangeSet,
    ]
    return {model._meta.label: model._base_manager.count() for model in tables}


@pytest.fixture
def answer_for(db: None, tmp_path: Path) -> AnswerFor:
    """Brings a file in, and sees that nothing is written."""
    school.build()
    before = stored()
    yield lambda case: answer_to(case, tmp_path)
    assert stored() == before


@pytest.mark.parametrize("group", GROUPS)
def test_a_bad_file_is_refused_with_sentences_and_nothing_is_written(
    answer_for: AnswerFor, subtests: Any, group: str
):
    for case in GROUPS[group]():
        with subtests.test(case.name):
            answer = answer_for(case)
            answer.assert_good()
            assert answer.state == "refused"
            assert answer.errors[0]["code"] == case.code, answer.errors[0]["message"]
            if case.message:
                assert answer.errors[0]["message"] == case.message


def test_the_corpus_is_large_and_says_everything_once():
    cases = bad_files()
    assert len(cases) >= LEAST
    assert not [name for name, count in Counter(case.name for case in cases).items() if count > 1]
    assert {case.kind for case in cases} == {
        *("users", "courses", "enrollments", "assessments", "grades")
    }
    assert sum(bool(case.message) for case in cases) >= 60


def test_the_files_that_are_spoilt_were_good(answer_for: AnswerFor, subtests: Any):
    for name, case in GOOD_FILES.items():
        with subtests.test(name):
            assert answer_for(case).errors == []


@many
@given(
    good=st.sampled_from(sorted(GOOD_FILES)),
    mutations=st.lists(st.sampled_from(MUTATIONS), min_size=1, max_size=3),
    choose=st.randoms(use_true_random=False),
)
def test_a_good_file_spoilt_by_chance_is_taken_or_refused_with_sentences(
    answer_for: AnswerFor, good: str, mutations: list[Any], choose: Random
):
    case, content = GOOD_FILES[good], GOOD_FILES[good].read()
    for mutation in mutations:
        content = mutation(content, choose)
    answer_for(BadFile("spoilt", case.kind, content, "", options=case.options)).assert_good()


@many
@given(
    content=st.one_of(st.binary(max_size=200), st.text(max_size=200).map(str.encode)),
    kind=st.sampled_from(sorted({case.kind for case in GOOD_FILES.values()})),
    start=st.sampled_from([b"", b"PK\x03\x04", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"]),
    ignores=st.booleans(),
)
@example(content=b"student_id\n\x00", kind="users", start=b"\xff\xfe", ignores=True)
@example(content=b"\t!\n\t1", kind="assessments", start=b"", ignores=True)
@example(content=b"\t!", kind="assessments", start=b"", ignores=True)
def test_no_bytes_at_all_are_an_error_of_the_server(
    answer_for: AnswerFor, content: bytes, kind: str, start: bytes, ignores: bool
):
    options = {"ignore_unknown_columns": ignores}
    answer_for(BadFile("bytes", kind, start + content, "", options=options)).assert_good()
