"""Two people store the same in the same moment: one of them is told, and nothing is done twice."""

import io
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.admin import ModelAdmin
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection, connections
from django.test import Client
from django.urls import reverse
from PIL import Image

from backoffice.apps.courses.models import Course, CourseModule
from backoffice.apps.users.models import User
from backoffice.audit.models import Approval, ChangeSet
from tests.connections import at_once
from tests.filling import errors_of, fields_of

needs_postgresql = pytest.mark.skipif(
    connection.vendor != "postgresql",
    reason="on SQLite nobody writes between the validation and the save",
)
pytestmark = pytest.mark.django_db(transaction=True)


def staff(name: str) -> User:
    return User(username=name, role="registrar", is_staff=True)


def page(model: type, *key: int) -> str:
    name = f"{model._meta.app_label}_{model._meta.model_name}"
    return reverse(f"admin:{name}_{'change' if key else 'add'}", args=key)


def elsewhere(job: Callable[[], Any]) -> None:
    """Do something as another process would: in a transaction of its own, committed."""

    def run() -> None:
        try:
            job()
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The runs of the view that stores a form."""
    noted: list[str] = []
    real = ModelAdmin._changeform_view

    def view(self: Any, request: Any, *args: Any) -> Any:
        if request.method == "POST":
            noted.append(request.path)
        return real(self, request, *args)

    monkeypatch.setattr(ModelAdmin, "_changeform_view", view)
    return noted


@pytest.fixture
def before_saving(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Lets something happen once, between the validation of a form and its save."""

    def plan(job: Callable[[], Any], step: str = "save_form") -> None:
        waiting, real = [job], getattr(ModelAdmin, step)

        def stepped(self: Any, *args: Any, **kwargs: Any) -> Any:
            if waiting:
                waiting.pop()()
            return real(self, *args, **kwargs)

        monkeypatch.setattr(ModelAdmin, step, stepped)

    return plan


def new_person(client: Client, username: str = "nora", **more: Any) -> Any:
    fields = fields_of(client, page(User))
    values = {"username": username, "first_name": "Nora", "last_name": "New", "role": "registrar"}
    return client.post(page(User), fields | values | more)


def messages_of(answer: Any) -> list[str]:
    return [str(message) for message in answer.wsgi_request._messages._queued_messages]


@needs_postgresql
def test_who_comes_second_reads_it_at_the_field(admin_client, before_saving, runs):
    before_saving(lambda: elsewhere(lambda: staff("nora").save()))
    answer = new_person(admin_client)
    assert list(errors_of(answer)) == ["username"]
    assert len(runs) == 2
    assert (User.objects.filter(username="nora").count(), Approval.objects.count()) == (1, 0)
    assert messages_of(answer) == []


def collide(*_args: Any) -> None:
    for _ in range(2):
        User.objects.bulk_create([staff("gone")])


def picture() -> SimpleUploadedFile:
    buffer = io.BytesIO()
    Image.new("RGB", (2, 2)).save(buffer, "PNG")
    return SimpleUploadedFile("me.png", buffer.getvalue(), "image/png")


def files_in(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file()]


@needs_postgresql
def test_what_the_first_run_did_beside_the_database_is_taken_back(
    admin_client, before_saving, runs, private_files, monkeypatch
):
    # The collision comes last: somebody was asked already, a message waits.
    before_saving(collide, step="save_related")
    answer = new_person(admin_client)
    assert (answer.status_code, len(runs)) == (302, 2)
    person = User.objects.get(username="nora")
    assert Approval.objects.filter(subject_id=person.pk).count() == Approval.objects.count() == 1
    waiting = [m for m in messages_of(answer) if m.startswith("The account works once")]
    assert (len(waiting), len(messages_of(answer))) == (1, 2)
    assert person.history.count() == 1
    assert ChangeSet.objects.filter(request_id=answer["X-Request-ID"]).count() == 1


def with_picture(client: Client, person: User) -> Any:
    fields = fields_of(client, page(User, person.pk))
    return client.post(page(User, person.pk), fields | {"avatar": picture()})


@needs_postgresql
def test_of_a_file_that_was_stored_twice_one_stays(
    admin_client, registrar, before_saving, runs, private_files
):
    before_saving(collide, step="save_related")
    assert (with_picture(admin_client, registrar).status_code, len(runs)) == (302, 2)
    registrar.refresh_from_db()
    assert files_in(private_files) == [Path(registrar.avatar.path)]
    assert Path(registrar.avatar.path).read_bytes() == picture().read()


@needs_postgresql
def test_a_file_of_a_run_that_fails_for_good_does_not_stay(
    admin_client, registrar, before_saving, private_files
):
    before_saving(check, step="save_related")
    with pytest.raises(IntegrityError):
        with_picture(admin_client, registrar)
    assert files_in(private_files) == []


def foreign_key() -> None:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("UPDATE courses_coursemodule SET course_id = 987654321")
        else:
            raise IntegrityError("FOREIGN KEY constraint failed")


def check() -> None:
    User.objects.bulk_create([User(username="no student ID", role="student")])


def other_table() -> None:
    same = {"code": "X1", "presentation": "a"}
    Course.objects.bulk_create([Course(**same, slug="x"), Course(**same, slug="y")])


def own_number() -> None:
    known = CourseModule.objects.get()
    CourseModule.objects.bulk_create([CourseModule(pk=known.pk, course=known.course, position=9)])


@pytest.mark.parametrize("fault", [foreign_key, check, other_table, own_number])
def test_another_fault_is_no_reason_for_a_second_run(
    fault, admin_client, courses, before_saving, runs
):
    module = CourseModule.objects.create(course=courses["BIO101"], position=1, title="One")
    opened = fields_of(admin_client, page(CourseModule, module.pk))
    before_saving(fault)
    with pytest.raises(IntegrityError):
        admin_client.post(page(CourseModule, module.pk), opened | {"title": "Two"})
    assert len(runs) == 1
    module.refresh_from_db()
    assert (module.title, module.position) == ("One", 1)


@needs_postgresql
def test_a_collision_that_stays_is_an_error_in_the_end(admin_client, monkeypatch, runs):
    monkeypatch.setattr(ModelAdmin, "save_related", collide)
    with pytest.raises(IntegrityError):
        new_person(admin_client)
    assert len(runs) == 5
    assert not User.objects.filter(username="nora").exists()


@pytest.fixture
def admins(person: Any) -> Iterator[list[Client]]:
    clients = [Client() for _ in range(4)]
    for number, client in enumerate(clients):
        client.force_login(person("admin", f"admin{number}"))
    return clients


@needs_postgresql
def test_of_four_who_add_the_same_person_at_once_one_does(admins):
    opened = fields_of(admins[0], page(User))
    values = {"username": "nora", "first_name": "N", "last_name": "N", "role": "registrar"}
    answers = at_once([lambda c=c: c.post(page(User), opened | values) for c in admins])
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 302]
    assert User.objects.filter(username="nora").count() == Approval.objects.count() == 1
    assert all("username" in errors_of(a) for a in answers if a.status_code == 200)
    requests = [answer["X-Request-ID"] for answer in answers]
    assert ChangeSet.objects.filter(request_id__in=requests).count() == 1


@needs_postgresql
def test_four_who_add_a_module_at_once_get_a_place_each(admins, courses):
    course = courses["BIO101"]
    opened = fields_of(admins[0], page(CourseModule))
    jobs = [
        lambda n=n, c=c: c.post(
            page(CourseModule), opened | {"course": course.pk, "title": f"M{n}", "position": ""}
        )
        for n, c in enumerate(admins)
    ]
    answers = at_once(jobs)
    stored = [answer for answer in answers if answer.status_code == 302]
    # Between the look for the next place and the validation somebody may take it.
    taken = {"position": ["Another module of this course has this position already."]}
    assert all(errors_of(answer) == taken for answer in answers if answer not in stored)
    places = CourseModule.objects.values_list("position", flat=True).order_by("position")
    assert list(places) == list(range(1, len(stored) + 1))
    assert [len(messages_of(answer)) for answer in stored] == [1] * len(stored)
    assert all(module.history.count() == 1 for module in CourseModule.objects.all())


@needs_postgresql
def test_a_revert_that_collides_is_made_once(courses, admin_client, before_saving):
    module = CourseModule.objects.create(course=courses["BIO101"], position=1, title="One")
    module.title = "Two"
    module.save()
    version = module.history.order_by("history_date", "history_id").first()
    address = reverse("admin:courses_coursemodule_revert", args=[module.pk, version.pk])
    fields = fields_of(admin_client, address)
    same = [CourseModule(course=courses["BIO101"], position=7) for _ in range(2)]
    before_saving(lambda: CourseModule.objects.bulk_create(same), step="save_model")
    answer = admin_client.post(address, fields | {"change_reason": "Back as it was before"})
    assert (answer.status_code, len(messages_of(answer))) == (302, 1)
    module.refresh_from_db()
    assert (module.title, module.history.count()) == ("One", 3)
    assert CourseModule.objects.count() == 1
