"""Who is in which group, and has which permission, is recorded whichever way it came."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.db import connection
from django.test import Client
from django.urls import reverse

from backoffice.apps.users.models import GroupMembership, PermissionGrant, User
from backoffice.audit.record.recording import recording
from tests.filling import fields_of

Change = Callable[[User, Any], None]


def _by_sql(user: User, group: Group) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO users_user_groups (user_id, group_id) VALUES (%s, %s)", [user.pk, group.pk]
        )


ADDING: dict[str, Change] = {
    "add": lambda user, group: user.groups.add(group),
    "add twice": lambda user, group: [user.groups.add(group), user.groups.add(group)],
    "from the group": lambda user, group: group.user_set.add(user),
    "set": lambda user, group: user.groups.set([*user.groups.all(), group]),
    "a row": lambda user, group: GroupMembership.objects.create(user=user, group=group),
    "SQL": _by_sql,
}
REMOVING: dict[str, Change] = {
    "remove": lambda user, group: user.groups.remove(group),
    "set": lambda user, group: user.groups.set(user.groups.exclude(pk=group.pk)),
    "from the group": lambda user, group: group.user_set.clear(),
    "rows": lambda user, group: GroupMembership.objects.filter(group=group).delete(),
}


@pytest.fixture
def readers(db: None) -> Group:
    return Group.objects.create(name="readers")


def records(group: Group) -> list[tuple[str, int | None, str | None]]:
    """What is recorded of a group: added or removed, by whom, why."""
    rows = GroupMembership.history.filter(group=group).order_by("history_id")
    return list(rows.values_list("history_type", "history_user", "history_change_reason"))


@pytest.mark.parametrize("change", ADDING)
def test_every_way_into_a_group_is_recorded_once(
    change: str, readers: Group, registrar: User, admin: User
):
    with recording(source="job", actor=admin, reason="Wanted"):
        ADDING[change](registrar, readers)
    assert records(readers) == [("+", admin.pk, "Wanted")]
    assert readers in registrar.groups.all()


@pytest.mark.parametrize("change", REMOVING)
def test_every_way_out_of_a_group_is_recorded_once(
    change: str, readers: Group, registrar: User, admin: User
):
    registrar.groups.add(readers)
    with recording(source="job", actor=admin, reason="Unwanted"):
        REMOVING[change](registrar, readers)
    assert records(readers)[1:] == [("-", admin.pk, "Unwanted")]
    assert readers not in registrar.groups.all()


def test_clearing_records_each_group_left(readers: Group, registrar: User):
    registrar.groups.add(readers)
    registrar.groups.clear()
    kinds = GroupMembership.history.filter(user=registrar, history_type="-")
    assert {row.group.name for row in kinds} == {"readers", "registrar"}


def test_a_single_permission_is_recorded(registrar: User, admin: User):
    allowed = Permission.objects.first()
    with recording(source="job", actor=admin, reason="Wanted"):
        registrar.user_permissions.add(allowed)
        registrar.user_permissions.clear()
    rows = PermissionGrant.history.filter(user=registrar).order_by("history_id")
    assert list(rows.values_list("history_type", "permission", "history_user")) == [
        ("+", allowed.pk, admin.pk),
        ("-", allowed.pk, admin.pk),
    ]


def test_a_change_set_tells_who_came_into_which_group(
    readers: Group, registrar: User, admin: User, auditor_client: Client
):
    with recording(source="job", actor=admin, reason="Wanted") as record:
        registrar.groups.add(readers)
        key = record.change_set_id
    page = auditor_client.get(reverse("admin:audit_changeset_change", args=[key]))
    [row] = [row for section in page.context["sections"] for row in section.rows]
    assert (row.kind, row.name, str(row.what)) == (
        "Group membership",
        f"{registrar} · readers",
        "added",
    )


def test_the_page_of_a_person_leads_to_the_groups(registrar: User, auditor_client: Client):
    page = auditor_client.get(reverse("admin:users_user_change", args=[registrar.pk]))
    address = reverse("admin:users_groupmembership_changelist")
    address = f"{address}?user__id__exact={registrar.pk}"
    assert address in page.content.decode().replace("&amp;", "&")
    listed = auditor_client.get(address)
    assert [str(row) for row in listed.context["cl"].result_list] == [f"{registrar} · registrar"]


def test_nobody_but_a_superuser_puts_anybody_into_a_group_by_hand(
    registrar: User, admin_client: Client, person: Any, readers: Group
):
    page = reverse("admin:users_groupmembership_add")
    assert admin_client.get(page).status_code == 403
    client = Client()
    client.force_login(person("admin", "super", is_superuser=True))
    values = fields_of(client, page) | {"user": registrar.pk, "group": readers.pk}
    assert client.post(page, values).status_code == 302
    assert len(records(readers)) == 1
