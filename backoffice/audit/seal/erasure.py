"""Forgetting a person: who they are and what they wrote goes, the academic record stays provable.

Names, addresses, picture and own texts are blanked in every row and in its history; numbers stay:
enrollments, grades, times. What names them in texts of nobody's own goes, too: see `mentions.py`.
Of each sealed row the digest of what was blanked is stored.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.db import connection, models
from django.db.models import Case, Exists, F, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Cast, Concat
from django.utils.translation import gettext as _

from backoffice.admin_site.login.throttle import forget_logins
from backoffice.audit.models import Approval, Audited, BlockPart, Erasure, Salt
from backoffice.audit.models.personal_data import FORGOTTEN, NAMED, Personal
from backoffice.audit.record.recording import current_change_set_id
from backoffice.audit.seal.ledgers import Digest, Ledger, Range, lines
from backoffice.audit.seal.mentions import Names, blank, mentions_of, places_of
from backoffice.audit.seal.seal import PAUSE, writers_of
from backoffice.audit.seal.unlock import unlocked_record

PATIENCE = 60  # seconds
Keys = dict[type[models.Model], set[int]]


@dataclass
class Forgotten:
    """How many rows were blanked, of the tables and of their record, and files removed."""

    rows: int = 0
    recorded: int = 0
    files: int = 0


def forget(person: Any) -> Forgotten:
    """Blank everything personal of somebody; inside `recording(...)` with a reason.

    All records of the person that were merged are blanked together. Where nothing is left to blank,
    nothing is written. Raises ValueError for an account that is in use, and where others do not
    stop writing; django.db.Error where the database's role does not own the record.
    """
    records = list(type(person)._base_manager.filter(pk__in=person.record_keys))
    for record in records:
        _refuse_active(record)
    done, keys, files = Forgotten(), {type(person): {each.pk for each in records}}, []
    pairs = list(_models())
    _wait_for_writers(person, pairs)
    with unlocked_record() as cursor:
        requests = _requests_about(keys[type(person)])
        mentions = list(mentions_of(Names.of(records), places_of(keys[type(person)])))
        is_left = mentions or requests.exists()
        if not (is_left or any(_is_left(*pair, _known(keys, *pair)) for pair in pairs)):
            return done
        # While their names are still known.
        for record in records:
            forget_logins(names_of_login(record))
        done.rows += requests.update(sentence=FORGOTTEN) + blank(mentions)
        for model, personal in pairs:
            known = _known(keys, model, personal)
            if issubclass(model, Audited):
                files += _files(model, personal, known)
                done.rows += _blank(model, model, personal, known)
            done.recorded += _blank_record(cursor, model, personal, known)
        for model, known in keys.items():
            # Without the salt nobody can try out names until one fits the digest in the chain.
            Salt.objects.filter(table_name=model._meta.db_table, key__in=known).delete()
    # After the transaction: a rollback could not bring the files back.
    for storage, name in files:
        storage.delete(name)
    done.files = len(files)
    return done


def _refuse_active(person: Any) -> None:
    if person.is_active:
        message = _("%(name)s is active. Switch the account off first, then forget the person.")
        raise ValueError(message % {"name": person.get_username()})


def _requests_about(keys: set[int]) -> models.QuerySet[Approval]:
    """The requests whose sentence names a person, as the subject or as who records are merged."""
    label = get_user_model()._meta.label_lower
    about = Q(subject_label=label, subject_id__in=keys) | Q(payload__survivor__in=list(keys))
    return Approval.objects.filter(about).exclude(sentence=FORGOTTEN)


def names_of_login(person: Any) -> set[str]:
    """Every name that somebody could log in with, now or formerly."""
    formerly = type(person).history.filter(**{type(person)._meta.pk.attname: person.pk})
    return {person.get_username(), *formerly.values_list(person.USERNAME_FIELD, flat=True)}


def _wait_for_writers(person: Any, pairs: list[tuple[type[models.Model], Personal]]) -> None:
    """Wait for those who are writing now: what they have not committed could not be blanked.

    Raises ValueError where they take longer than a minute.
    """
    if connection.vendor != "postgresql":
        return
    tables = [model._meta.db_table for model, _personal in pairs]
    writers, until = writers_of(tables), time.monotonic() + PATIENCE
    while writers := writers & writers_of(tables):
        if time.monotonic() > until:
            message = _(
                "Somebody has been writing for a minute, and it may be about %(name)s. Nothing was "
                "changed; try again."
            )
            raise ValueError(message % {"name": person.get_username()})
        time.sleep(PAUSE)


def keys_of_the_forgotten() -> Keys:
    """The keys of the rows that belong to people who were forgotten, by model."""
    person = get_user_model()
    # By their names alone: what became personal later was not blanked then.
    named = Personal(fields=(), names=person.personal.names)
    blank = person._base_manager.filter(is_active=False).exclude(_unblanked(person, person, named))
    keys: Keys = {person: set(blank.values_list("pk", flat=True))}
    for pair in _models():
        _known(keys, *pair)
    return keys


def _models() -> Iterator[tuple[type[models.Model], Personal]]:
    pairs = [(m, own) for m in apps.get_models() if (own := getattr(m, "personal", None))]
    # A model that others belong to comes before them.
    yield from sorted(pairs, key=lambda each: each[1].depth(each[0]))


def _known(keys: Keys, model: type[models.Model], personal: Personal) -> set[int]:
    """The person's keys in the column that says whose a row is."""
    owner: Any = personal.owner_of(model)  # has `personal`, and perhaps `history`
    if owner not in keys:
        above = owner.personal
        rows = owner.history.model if hasattr(owner, "history") else owner
        filters = {f"{above.key_of(owner)}__in": keys[above.owner_of(owner)]}
        ever = set(
            rows._base_manager.filter(**filters).values_list(owner._meta.pk.column, flat=True)
        )
        # What is somebody else's by now, as after an undone merge, is not blanked with them.
        others = owner._base_manager.filter(pk__in=ever).exclude(**filters)
        keys[owner] = ever - set(others.values_list("pk", flat=True))
    return keys[owner]


def _rows_of(
    target: Any, model: type[models.Model], personal: Personal, known: set[int]
) -> models.QuerySet[Any]:
    """The person's rows, or the versions of them: those from while it was merged, too."""
    own_rows = Q(**{f"{personal.key_of(model)}__in": known})
    rows: models.QuerySet[Any] = target._base_manager.all()
    if target is not model and personal.owner_of(model) is get_user_model():
        key = model._meta.pk.column
        of_theirs = Q(**{f"{key}__in": target._base_manager.filter(own_rows).values(key)})
        lent = lent_versions(model, personal).filter(of_theirs, latest_owner__in=known)
        own_rows |= Q(pk__in=lent.values("pk"))
    return rows.filter(own_rows)


def lent_versions(model: Any, personal: Personal) -> models.QuerySet[Any]:
    """Versions of rows from while their person's record was merged into another one.

    They name the other record; the row was the person's before, and is again: `latest_owner`. The
    record alone says so, and no table that somebody could change for a moment.
    """
    versions, owner, key = (
        *(model.history.model._base_manager, personal.key_of(model), model._meta.pk.column),
    )
    of_the_row = versions.filter(**{key: OuterRef(key)})
    latest = of_the_row.order_by("-pk").values(owner)[:1]
    earlier = of_the_row.filter(**{owner: OuterRef("latest_owner")}, pk__lt=OuterRef("pk"))
    was_merged = get_user_model().was_merged(OuterRef("latest_owner"), OuterRef(owner))
    rows: models.QuerySet[Any] = versions.annotate(latest_owner=Subquery(latest))
    return rows.filter(Exists(earlier), was_merged)


def _is_left(model: type[models.Model], personal: Personal, known: set[int]) -> bool:
    """Whether a row, or a version of one, still says something personal."""
    targets = [model, *([model.history.model] if hasattr(model, "history") else [])]
    return any(
        _rows_of(target, model, personal, known)
        .filter(_unblanked(target, model, personal))
        .exists()
        for target in targets
    )


def _unblanked(target: Any, model: type[models.Model], personal: Personal) -> Q:
    """The condition of rows that say something personal."""
    there = {field.name for field in target._meta.concrete_fields}
    named = Concat(Value(NAMED), Cast(personal.key_of(model), models.CharField()))
    found = Q(pk__in=[])
    for field in (f for f in model._meta.concrete_fields if f.name in there):
        if field.name in (*personal.fields, *personal.names):
            says = Q(**{f"{field.name}__isnull": False})
            if not field.null or field.name in personal.names:
                says &= ~Q(**{field.name: "" if field.blank else FORGOTTEN})
            if isinstance(field, models.CharField | models.TextField):
                says &= ~Q(**{field.name: named})
            found |= says
    return found


def _blank(target: Any, model: type[models.Model], personal: Personal, known: set[int]) -> int:
    there = {field.name for field in target._meta.concrete_fields}
    names = there & {*personal.fields, *personal.names}
    if not names:
        return 0
    key = personal.key_of(model)
    rows = _rows_of(target, model, personal, known)
    fields = (field for field in model._meta.concrete_fields if field.name in names)
    return rows.update(**{f.name: _blanked(f, f.name in personal.names, key) for f in fields})


def _blanked(field: models.Field, is_name: bool, key: str) -> Any:
    """What takes a personal value's place; Digest.is_blank recognises it."""
    if is_name:
        named = Concat(Value(NAMED), Cast(key, models.CharField()))
        return Case(When(**{f"{field.name}__isnull": True}, then=F(field.name)), default=named)
    if field.null:
        return None
    return "" if field.blank else FORGOTTEN


def _blank_record(
    cursor: Any, model: type[models.Model], personal: Personal, known: set[int]
) -> int:
    record = model.history.model if hasattr(model, "history") else model
    rows = _rows_of(record, model, personal, known)
    # The digests of what was sealed have to be stored before it is gone.
    for row in rows.order_by("pk").values_list("pk", flat=True):
        _store_digest(cursor, record._meta.db_table, row)
    return _blank(record, model, personal, known)


def _store_digest(cursor: Any, table: str, row: int) -> None:
    holding = BlockPart.objects.filter(table_name=table, after_id__lt=row, up_to_id__gte=row)
    part = holding.defer("rows").first()
    if part is None or not part.columns["personal"]:
        return
    ledger, id_range = Ledger.from_json(table, part.columns), Range(row - 1, row)
    (line,) = lines(cursor, ledger, id_range)
    values = line.split(b"\t")
    digest = Digest.of(cursor, ledger, id_range)
    if digest.is_blank(values) and Erasure.objects.filter(table_name=table, row_id=row).exists():
        return
    Erasure.objects.create(
        change_set_id=current_change_set_id(),
        table_name=table,
        row_id=row,
        digest=digest.personal(values).hex(),
    )


def _files(model: type[Audited], personal: Personal, known: set[int]) -> list[tuple[Any, str]]:
    """The stored files of personal fields, current and former."""
    fields = [model._meta.get_field(name) for name in personal.fields]
    files = []
    for field in (f for f in fields if isinstance(f, models.FileField)):
        for rows in (model, model.history.model):
            matches = _rows_of(rows, model, personal, known)
            names = matches.exclude(**{field.name: ""}).values_list(field.name, flat=True)
            files += [(field.storage, name) for name in names if name]
    return list(dict.fromkeys(files))
