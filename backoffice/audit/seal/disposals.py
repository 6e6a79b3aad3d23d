"""Whether rows that are gone or blank were removed and forgotten by the commands that do it.

Who owns the tables can write a removal or an erasure beside what they deleted or blanked. So each
is held against the change set it names, and against what its command would have done:
`audit_retain` removes every row of its age but the newest versions, `forget_person` blanks
everything of somebody.
"""

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, NamedTuple

from django.contrib.auth import get_user_model
from django.db import connection, models
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from backoffice.audit.admin_kit.actions import is_too_short
from backoffice.audit.models import Block, BlockPart, ChangeSet, Erasure, Removal
from backoffice.audit.record.install import audited_models
from backoffice.audit.record.reconcile import compare
from backoffice.audit.seal.erasure import keys_of_the_forgotten, lent_versions
from backoffice.audit.seal.ledgers import BEFORE_ALL, ID, unpacked
from backoffice.audit.seal.retention import DAY, dated_models, old_rows
from backoffice.audit.seal.seal import MOST_ROWS

RETAIN, FORGET = "audit_retain", "forget_person"
DUE = timedelta(hours=1)  # after which a change set is sealed, if anything is
AT_ONCE, CHUNK = 100, 10_000  # removals, rows
MOST = 20  # rows of a table that are named
NEVER = 2**63  # no row has so high an id


class _Claim(NamedTuple):
    """What a removal or an erasure says of the action it belongs to."""

    pk: int
    change_set_id: int
    transaction_id: int | None


class Disposals:
    """All removals and erasures of the record, and what is wrong with them."""

    def __init__(self) -> None:
        self.change_sets = _OfCommands()
        self.removals: dict[int, Removal] = {}
        self.removed: dict[str, dict[int, int]] = {}
        self.repeated: dict[tuple[str, int], int] = {}
        for removal in Removal.objects.order_by("pk").iterator(chunk_size=AT_ONCE):
            self._add(removal)
        rows = Erasure.objects.values_list("table_name", "row_id", "digest", *_Claim._fields)
        self.erased = {
            (table, row): (bytes.fromhex(digest), _Claim(*claim))
            for table, row, digest, *claim in rows.iterator()
        }
        self._forged: dict[int, str] = {}
        self._first_young: dict[int, int] = {}

    def _add(self, removal: Removal) -> None:
        self.removals[removal.pk] = removal
        known = self.removed.setdefault(removal.table_name, {})
        for row in _ids(removal):
            if known.setdefault(row, removal.pk) != removal.pk:
                self.repeated[removal.table_name, row] = removal.pk

    def why_not_removed(self, table: str, row: int) -> str:
        """What is wrong with the removal of a row; blank if nothing is."""
        removal = self.removals[self.removed[table][row]]
        if removal.pk not in self._forged:
            self._forged[removal.pk] = self._why_forged(removal)
            self._first_young[removal.pk] = self._first_younger(removal)
        named = {"before": date_format(removal.before, "Y-m-d")}
        if why := self._forged[removal.pk]:
            return why
        if row >= self._first_young[removal.pk]:
            return _("says %(before)s, and the row was younger") % named
        if (table, row) in self.repeated:
            return _("was not the only one of this row")
        return ""

    def _of_nothing(self, but: Collection[str]) -> Iterator[str]:
        """Removals of which no row was looked for: no block had any. One may excuse what follows.

        The rows of the tables `but` nobody could read.
        """
        for removal in self.removals.values():
            if removal.pk in self._forged or removal.table_name in but:
                continue
            why = self._why_forged(removal) or _("names no row that is gone")
            message = _("A removal of rows of %(table)s %(why)s.")
            yield message % {"table": removal.table_name, "why": why}

    def _why_forged(self, removal: Removal) -> str:
        claim = _Claim(removal.pk, removal.change_set_id, removal.transaction_id)
        why = self.change_sets.why_forged(claim, Removal._meta.db_table, RETAIN)
        if why:
            return why
        if len(removal.ids) != ID * removal.row_count:
            return _("holds other rows than it counts")
        change_set = ChangeSet.objects.get(pk=removal.change_set_id)
        if removal.before > change_set.created_at + DAY:
            named = {"before": date_format(removal.before, "Y-m-d")}
            return _("says %(before)s, a day that had not come") % named
        return ""

    def _first_younger(self, removal: Removal) -> int:
        """The id from which on rows were younger than the removal says, as others bear witness."""
        since = removal.before + DAY
        young = [NEVER, _sealed_since(removal.table_name, since)]
        for model, _key, moment in dated_models():
            if model._meta.db_table == removal.table_name:
                # Ids and times go up together: what came after a young row is young.
                rows = model._base_manager.filter(**{f"{moment}__gte": since}).order_by("pk")
                young += rows.values_list("pk", flat=True)[:1]
        return min(young)

    def digest_of(self, table: str, row: int) -> bytes | None:
        """The digest that the personal columns of a row had before they were blanked."""
        known = self.erased.get((table, row))
        return known[0] if known else None

    def why_not_forgotten(self, table: str, row: int, scope: str, key: int | None) -> str:
        """What is wrong with the erasure of a row that belongs to this key of the table `scope`."""
        _digest, claim = self.erased[table, row]
        if why := self.change_sets.why_forged(claim, Erasure._meta.db_table, FORGET):
            return why
        forgotten = self.forgotten.get(scope, set())
        if key not in forgotten and self._lent_by(table, row, scope) not in forgotten:
            return _("is of nobody who was forgotten")
        return ""

    def _lent_by(self, table: str, row: int, scope: str) -> int | None:
        """Whose a version is that names the record into which theirs was merged for a while."""
        model = self.of_people.get(table) if scope == get_user_model()._meta.db_table else None
        if model is None:
            return None
        lent = lent_versions(model, model.personal).filter(pk=row)
        owner: int | None = lent.values_list("latest_owner", flat=True).first()
        return owner

    @cached_property
    def of_people(self) -> dict[str, Any]:
        """The models whose rows may be of one person, by the table of their history."""
        known = (model for model in audited_models() if model.personal)
        return {model.history.model._meta.db_table: model for model in known}

    @cached_property
    def forgotten(self) -> dict[str, set[int]]:
        """The keys of rows that belong to people who were forgotten, by table."""
        return {model._meta.db_table: keys for model, keys in keys_of_the_forgotten().items()}

    def faults(self, but: Collection[str], unread: Collection[str]) -> Iterator[str]:
        """What shows in the rows that are left, but for newest versions of the tables `but`.

        The tables `unread` could not be compared with what was sealed.
        """
        yield from self._of_nothing(unread)
        for removal in self.removals.values():
            yield from self._still_there(removal)
        for change_set, before in self._runs_to_look_behind():
            yield from _left_over(change_set, before)
        for model in audited_models():
            if (table := model.history.model._meta.db_table) in self.removed and table not in but:
                yield from self._without_newest_version(model)

    def _runs_to_look_behind(self) -> Iterator[tuple[ChangeSet, datetime]]:
        """Runs that may have left something, the newest first.

        What a run should have removed, a later one up to the same day should have, too: a run each
        night is one look at all rows, and not one for each night.
        """
        named = {(r.change_set_id, r.before) for r in self.removals.values()}
        change_sets = ChangeSet.objects.in_bulk({number for number, _before in named})
        runs = [(change_sets[n], before) for n, before in named if n in change_sets]
        latest: datetime | None = None
        for change_set, before in sorted(runs, key=_time_of, reverse=True):
            moment = min(before, change_set.created_at)
            if latest is None or moment > latest:
                latest = moment
                yield change_set, before

    def _still_there(self, removal: Removal) -> Iterator[str]:
        model = next((m for m, *_rest in dated_models() if _is_of(m, removal)), None)
        if model is None:
            message = _("A removal names rows of %(table)s, of which none are ever removed.")
            yield message % {"table": removal.table_name}
            return
        ids = _ids(removal)
        for start in range(0, len(ids), CHUNK):
            rows = model._base_manager.filter(pk__in=ids[start : start + CHUNK]).order_by("pk")
            for row in rows.values_list("pk", flat=True):
                message = _("%(table)s row %(row)s is there, and a removal names it.")
                yield message % {"table": removal.table_name, "row": row}

    def _without_newest_version(self, model: Any) -> Iterator[str]:
        comparison = compare(model, MOST, connection.alias)
        for mismatch in comparison.first:
            yield _("%(table)s %(mismatch)s; removals took versions of this table.") % {
                "table": comparison.table,
                "mismatch": mismatch,
            }


class _OfCommands:
    """Change sets that removals and erasures name, each looked at once."""

    def __init__(self) -> None:
        self.known: dict[tuple[int, str], tuple[str, int, int | None]] = {}
        self.head = Block.head()

    def why_forged(self, claim: "_Claim", table: str, command: str) -> str:
        """Why a removal or an erasure is not of the run of this command; blank if it is."""
        place = claim.change_set_id, table
        if place not in self.known:
            self.known[place] = self._looked_at(*place, command)
        why, last, transaction = self.known[place]
        named = {"change_set": claim.change_set_id, "command": command}
        if why:
            return why % named
        if claim.transaction_id != transaction:
            return _("is of another transaction than its change set %(change_set)s") % named
        if claim.pk > last:
            return _("was put in after its change set %(change_set)s was sealed") % named
        return ""

    def _looked_at(self, key: int, table: str, command: str) -> tuple[str, int, int | None]:
        """What is wrong, the last id that a row of its run can have, the transaction of the run."""
        change_set = ChangeSet.objects.filter(pk=key).first()
        if change_set is None:
            return _("has no change set: %(change_set)s is not there"), 0, None
        made_by = (change_set.source, change_set.actor_name, change_set.actor_id)
        if made_by != (ChangeSet.Source.COMMAND, command, None):
            return _("%(command)s did not make: its change set is %(change_set)s"), 0, None
        if is_too_short(change_set.reason):
            return _("gives no reason: its change set is %(change_set)s"), 0, None
        block = block_of(ChangeSet._meta.db_table, change_set.pk)
        if block is None and self.head and change_set.created_at < self.head.sealed_at - DUE:
            return _("has a change set, %(change_set)s, that should have been sealed"), 0, None
        return "", self._last_of(table, block), change_set.transaction_id

    def _last_of(self, table: str, block: int | None) -> int:
        # Sealing waits for transactions that write: what is of the same one is in the same block
        # or the next, unless one table alone fills it.
        if self.head is None or block is None:
            return NEVER
        parts, number = BlockPart.objects.filter(table_name=table), block + 1
        while parts.filter(block_id=number, row_count=MOST_ROWS).exists():
            number += 1
        if number > self.head.number:
            return NEVER
        ends = parts.filter(block_id__lte=number).order_by("-up_to_id")
        return ends.values_list("up_to_id", flat=True).first() or BEFORE_ALL


def _is_of(model: Any, removal: Removal) -> bool:
    return bool(model._meta.db_table == removal.table_name)


def _time_of(run: tuple[ChangeSet, datetime]) -> tuple[datetime, int, datetime]:
    change_set, before = run
    return change_set.created_at, change_set.pk, before


def _ids(removal: Removal) -> list[int]:
    ids = bytes(removal.ids)
    return [unpacked(ids[at : at + ID]) for at in range(0, len(ids) - ID + 1, ID)]


def block_of(table: str, row: int) -> int | None:
    """The number of the block that seals a row; None where none does yet."""
    parts = BlockPart.objects.filter(table_name=table, up_to_id__gte=row).order_by("up_to_id")
    return parts.values_list("block_id", flat=True).first()


def _sealed_since(table: str, moment: datetime) -> int:
    """The first id of a table that was certainly given out after a moment."""
    # The marks of a run of sealing are older than its blocks; those of the next are not, and where
    # no table filled a block, the next block is of the next run.
    full = BlockPart.objects.filter(row_count=MOST_ROWS, block=models.OuterRef("pk"))
    sealed = Block.objects.filter(sealed_at__gte=moment).exclude(models.Exists(full))
    first = sealed.order_by("number").values_list("number", flat=True).first()
    if first is None:
        return NEVER
    parts = BlockPart.objects.filter(table_name=table, block_id__lte=first).order_by("-up_to_id")
    last = parts.values_list("up_to_id", flat=True).first()
    return NEVER if last is None else last + 1


def _left_over(change_set: ChangeSet, before: datetime) -> Iterator[str]:
    """The first row of each table that was as old as those removed, and was left."""
    blocks = Block.objects.filter(sealed_at__lt=change_set.created_at).order_by("-number")
    last_block = blocks.values_list("number", flat=True).first()
    if last_block is None:
        return
    parts = BlockPart.objects.filter(block_id__lte=last_block).order_by()
    sealed = dict(parts.values_list("table_name").annotate(last=models.Max("up_to_id")))
    moment = min(before, change_set.created_at)
    for rows in old_rows(moment, sealed, is_successor_sealed=True):
        left = rows.order_by("pk").values_list("pk", flat=True).first()
        if left is not None:
            yield _(
                "%(table)s row %(row)s is there, and the removal by change set %(change_set)s of "
                "all that was so old left it."
            ) % {"table": rows.model._meta.db_table, "row": left, "change_set": change_set.pk}
