"""Django's groups, kept like the roles' table.

The table alone decides (`roles.may`). The groups let libraries, and people who look at an account,
see the same in Django's own terms.
"""

from typing import Any

from django.apps import AppConfig
from django.apps import apps as installed_apps
from django.contrib.auth.management import create_permissions
from django.db import DEFAULT_DB_ALIAS, router

from backoffice.admin_site.permissions import roles

# Marks that are not a permission of their own in Django's terms.
PERMISSION_VERBS = {
    "grade": "change",
    "moderate": "change",
    "reopen": "change",
    "finalize": "change",
    "break_glass": "view",
    "confirm": "change",
}


def sync_app(
    app_config: AppConfig,
    using: str = DEFAULT_DB_ALIAS,
    apps: Any = installed_apps,
    **_kwargs: Any,
) -> None:
    """After a migrate: give the role groups what the table grants on one app's models."""
    granted = {model: roles.grants_of(model._meta.label_lower) for model in app_config.get_models()}
    if not any(granted.values()):
        return
    try:
        group_model = apps.get_model("auth", "Group")
    except LookupError:
        return
    if not router.allow_migrate_model(using, group_model):
        return
    # Django's own receiver runs later than ours; a second call finds nothing left to do.
    create_permissions(app_config, verbosity=0, using=using, apps=apps)
    permissions = _permissions_of(app_config, using, apps)
    for role, name in roles.GROUP_NAMES.items():
        group, _is_new = group_model.objects.using(using).get_or_create(name=name)
        codes = _codes(granted, role)
        expected = {key for code, key in permissions.items() if code in codes}
        _set(group, expected, set(permissions.values()))


def _permissions_of(app_config: AppConfig, using: str, apps: Any) -> dict[str, int]:
    rows = apps.get_model("auth", "Permission").objects.using(using)
    rows = rows.filter(content_type__app_label=app_config.label)
    return dict(rows.values_list("codename", "pk"))


def _codes(granted: dict[Any, tuple[roles.Grant, ...]], role: str) -> set[str]:
    return {
        f"{PERMISSION_VERBS.get(grant.verb, grant.verb)}_{model._meta.model_name}"
        for model, grants in granted.items()
        for grant in grants
        if grant.role == role
    }


def _set(group: Any, expected: set[int], of_this_app: set[int]) -> None:
    # Permissions of other apps stay: each app is synchronised after its own migrations.
    held = set(group.permissions.values_list("pk", flat=True))
    group.permissions.add(*(expected - held))
    group.permissions.remove(*((held & of_this_app) - expected))


def follow_role(instance: Any, raw: bool = False, **_kwargs: Any) -> None:
    """After an account is saved: its groups are those of its role."""
    # `instance` is of AUTH_USER_MODEL, which an app above this package brings.
    names = {roles.GROUP_NAMES[role] for role in roles.held_now(instance)}
    managed = set(roles.GROUP_NAMES.values())
    held = set(instance.groups.filter(name__in=managed).values_list("name", flat=True))
    if raw or held == names:
        return
    groups = instance.groups.model.objects
    instance.groups.remove(*groups.filter(name__in=held - names))
    instance.groups.add(*groups.filter(name__in=names - held))
