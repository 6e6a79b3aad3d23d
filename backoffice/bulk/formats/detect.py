"""What a file is by its header alone: which kind it carries, or what is looked up in it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice.bulk.formats.base import SourceTable
from backoffice.bulk.formats.encoding_question import question_about
from backoffice.bulk.formats.known_headers import HeaderOfKind
from backoffice.bulk.formats.lookup_files import side_file_of
from backoffice.bulk.formats.tables import readable_as
from backoffice.bulk.formats.workbooks.sheets import (
    SheetTable,
    chosen_sheets,
    described,
    is_unknown,
    tables_of,
    why_left_out,
)
from backoffice.bulk.kinds.header_names import IGNORED, column_name, has_meaning, known_name
from backoffice.bulk.kinds.resource import ImportKind, kinds
from backoffice.bulk.models import Batch
from backoffice.bulk.read.header_mapping import Own, all_own_headers
from backoffice.bulk.readers import Limits, TableReader, open_table
from backoffice.bulk.readers.base import EMPTY, no_table
from backoffice.bulk.readers.first_bytes import is_zip
from backoffice.bulk.readers.refusals import DAMAGED
from backoffice.bulk.readers.workbook import Workbook
from backoffice.bulk.readers.zip_archive import Member
from backoffice.bulk.values.faults import FileRefused, display_text

NATIVE_FORMATS = (Batch.SourceFormat.AUTO, Batch.SourceFormat.NATIVE)
TABLE_ENDINGS = (".csv", ".tsv", ".txt", ".xls")  # Blackboard calls text .xls
# What files are called in which others are looked up, and those that are known and not read.
TITLES = {
    "sections": _("Canvas SIS sections"),
    "canvas courses": _("Canvas SIS courses"),
    "courses": _("OneRoster courses"),
    "terms": _("OneRoster academic sessions"),
    "classes": _("OneRoster classes"),
    "roles": _("OneRoster roles"),
    "people": _("OneRoster users"),
    "manifest": _("OneRoster manifest"),
    "line items": _("OneRoster line items"),
}
NOT_READ = (
    (_("OneRoster organisations"), ("sourcedid", "name", "type")),
    ("OneRoster", ("sourcedid", "datelastmodified")),
    (_("Canvas SIS terms"), ("term_id", "name", "status")),
    (_("Canvas SIS accounts"), ("account_id", "name", "status")),
    (_("Canvas SIS logins"), ("user_id", "login_id", "existing_user_id")),
    (_("Canvas SIS cross-listings"), ("xlist_course_id", "section_id", "status")),
    (_("Canvas SIS groups"), ("group_id", "name", "status")),
    (_("Canvas SIS group members"), ("group_id", "user_id", "status")),
    (_("Canvas SIS group sets"), ("group_category_id", "category_name", "status")),
    (_("Canvas SIS observers"), ("observer_id", "student_id", "status")),
    (_("Canvas SIS admins"), ("user_id", "account_id", "role", "status")),
)
# What an empty file is, by its name alone: these are not read even when there is something in them.
NOT_READ_BY_NAME = frozenset(
    {
        *("academicsessions", "categories", "classresources", "courseresources", "demographics"),
        *("orgs", "resources", "accounts", "admins", "group_categories", "group_membership"),
        *("groups", "logins", "terms", "user_observers", "xlists"),
    }
)
SPREADSHEETS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods", ".numbers")
START = 1 << 18  # bytes, in which a header ends


@dataclass(frozen=True)
class DetectedFile:
    """A file and what it is: it carries a kind, is a lookup file, or neither, with the reason.

    A file that carries two kinds, such as people with their courses, is listed twice.
    """

    member: Member
    kind: str = ""
    table: type[SourceTable] | None = None
    side: str = ""
    title: Any = ""
    why_not: str = ""
    is_empty: bool = False
    is_refused: bool = False  # it cannot be read, so nobody knows what it is
    is_idle: bool = False  # known and not needed, or with nothing in it, or no table at all
    sheets: Mapping[str, Any] = field(default_factory=dict)  # of a workbook, as a batch stores them
    is_part: bool = False  # of a workbook that carries other kinds as well

    @property
    def name(self) -> str:
        return display_text(self.member.name)

    @property
    def file_name(self) -> str:
        """The name for people: of a workbook of several kinds with the sheets."""
        names = ", ".join(sheet["name"] for sheet in self.sheets.get("read", ()))
        return f"{self.member.name}/{names}" if self.is_part else self.member.name

    @property
    def is_table(self) -> bool:
        return bool(self.member.path) or self.member.name.lower().endswith(TABLE_ENDINGS)

    @property
    def is_unknown(self) -> bool:
        """Whether it may be any table."""
        return not (self.kind or self.side or self.is_idle)

    @property
    def description(self) -> str:
        """For messages: `“users.csv” (Canvas SIS users)`."""
        what = self.table.title if self.table else kinds[self.kind].label if self.kind else ""
        what = what or self.title or gettext("not recognised")
        return gettext("“%(name)s” (%(what)s)") % {"name": self.name, "what": what}


def detect_files(members: Iterable[Member], dialect: str, encoding: str) -> list[DetectedFile]:
    return [each for member in members for each in _detect(member, dialect, encoding)]


def _detect(member: Member, dialect: str, encoding: str) -> list[DetectedFile]:
    if not DetectedFile(member).is_table:
        is_idle = not member.name.lower().endswith(SPREADSHEETS)
        return [DetectedFile(member, why_not=gettext("This is no CSV file."), is_idle=is_idle)]
    test = AnyHeader(dialect)
    try:
        with member.on_disk(START) as path:
            if is_zip(path):
                return _detect_sheets(member, path, test)
            with open_table(path, encoding, None, test) as reader:
                header, has_rows = reader.header, _has_rows(reader)
            # A name in its header may be all that keeps a file from being recognised.
            question = question_about(path, encoding)
    except FileRefused as refusal:
        if refusal.code == DAMAGED:
            raise
        return [_unread(member, refusal)]
    return _detected(member, header, test, has_rows=has_rows, question=question)


def _detected(
    member: Member, header: Sequence[str], test: "AnyHeader", *, has_rows: bool, question: str = ""
) -> list[DetectedFile]:
    side, title = side_file_of(header), _title_of(header)
    why_not = _why_not(title) if title else question or _why_not("")
    carried_kinds = carried(header, test.dialect).items()
    return [
        DetectedFile(member, kind, table, side, title, is_empty=not has_rows and _has_header(table))
        for kind, table in carried_kinds
    ] or [_idle_or_unknown(member, header, why_not)]


class AnyHeader:
    """A header of any kind, of a lookup file, or of one that is known and not read."""

    def __init__(self, dialect: str) -> None:
        self.dialect = dialect

    @cached_property
    def own_headers(self) -> Mapping[str, Own]:
        return all_own_headers()

    def carried(self, cells: Sequence[str]) -> dict[str, type[SourceTable] | None]:
        """The kinds that a table with this header carries, each with its format."""
        return carried(cells, self.dialect, self.own_headers)

    def title_of(self, cells: Sequence[str]) -> str:
        """What a table with this header is called that carries no kind; blank for others."""
        return str(_title_of(cells))

    def side_of(self, cells: Sequence[str]) -> str:
        """Which lookup file has this header, blank for none."""
        return side_file_of(cells)

    def is_header(self, cells: Sequence[str]) -> bool:
        tables = self.carried(cells).items()
        is_known = any(self._of_kind(kind, table).is_header(cells) for kind, table in tables)
        return is_known or bool(_title_of(cells))

    def is_row(self, header: Sequence[str], cells: Sequence[str]) -> bool:
        return any(
            self._of_kind(kind, table).is_row(header, cells)
            for kind, table in self.carried(header).items()
        )

    def _of_kind(self, kind: str, table: type[SourceTable] | None) -> HeaderOfKind:
        own = self.own_headers.get(kind, {})
        return HeaderOfKind(kind, lambda _header: table, own_headers=own)


@contextmanager
def opened_workbook(path: Path, dialect: str) -> Iterator[tuple[Workbook, list[SheetTable]]]:
    """A workbook, and what its sheets are. Raises FileRefused for one that cannot be read."""
    limits = Limits.from_settings()
    limits.check_size(path.stat().st_size)
    with Workbook(path, limits) as book:
        yield book, tables_of(book, AnyHeader(dialect))


def _detect_sheets(member: Member, path: Path, test: AnyHeader) -> list[DetectedFile]:
    with opened_workbook(path, test.dialect) as (_book, tables):
        pass
    own: dict[str, list[SheetTable]] = {}
    for each in tables:
        for kind in each.carried if each.is_read else ():
            own.setdefault(kind, []).append(each)
    if not own:
        return _detect_unknown(member, tables, test)
    return [
        DetectedFile(
            member,
            kind,
            sheets[0].carried[kind],
            is_empty=not any(each.has_rows for each in sheets),
            sheets=described(tables, chosen_sheets(tables, kind), {*own} - {kind}),
            is_part=len(own) > 1,
        )
        for kind, sheets in own.items()
    ]


def _detect_unknown(
    member: Member, tables: Sequence[SheetTable], test: AnyHeader
) -> list[DetectedFile]:
    first = tables[0]
    if len(tables) > 1:
        sentence = gettext("Sheet “%(sheet)s”: %(sentence)s")
        reasons = ({"sheet": each.name, "sentence": why_left_out(each)} for each in tables)
        why_not = " ".join(map(sentence.__mod__, reasons))
        # Nobody knows what a table on one of them is; notes and empty sheets are none.
        is_idle = not any(map(is_unknown, tables))
        return [DetectedFile(member, why_not=why_not, is_idle=is_idle)]
    if first.header:
        return _detected(member, first.header, test, has_rows=first.has_rows)
    return [_unread(member, first.refusal or no_table())]


def _unread(member: Member, refusal: FileRefused) -> DetectedFile:
    if refusal.code != EMPTY:
        return DetectedFile(member, why_not=refusal.message, is_refused=True)
    # An empty file has no header. Its name may say that nobody needs it.
    is_idle = PurePosixPath(member.name).stem.lower() in NOT_READ_BY_NAME
    return DetectedFile(member, why_not=gettext("It is empty."), is_idle=is_idle)


def _idle_or_unknown(member: Member, header: Sequence[str], why_not: str) -> DetectedFile:
    """A file of no kind."""
    side, title = side_file_of(header), _title_of(header)
    # In a zip file a text of one column may as well be a letter.
    is_text = member.archive is not None and member.name.lower().endswith(".txt")
    is_idle = bool(title) or (is_text and len(header) == 1)
    return DetectedFile(member, side=side, title=title, why_not=why_not, is_idle=is_idle)


def _has_rows(reader: TableReader) -> bool:
    try:
        return next(reader.rows(), None) is not None
    # Reading the file will say what is wrong with it.
    except FileRefused:
        return True


def _has_header(table: type[SourceTable] | None) -> bool:
    return table is None or table.has_header


def _title_of(header: Sequence[str]) -> Any:
    """The title of a lookup file, or of one that is not read; blank for others."""
    names = {column_name(name) for name in header}
    return TITLES.get(side_file_of(header)) or next(
        (title for title, needs in NOT_READ if names.issuperset(needs)), ""
    )


def _why_not(title: Any) -> str:
    if title:
        return gettext(
            "Recognised as: %(title)s. It is only there to be looked up in; no row of it is stored."
        ) % {"title": title}
    return gettext(
        "Its header is that of no kind of file known here. Upload it by itself, under its kind: "
        "then you see which columns are missing, and can say what its own headers mean."
    )


def carried(
    header: Sequence[str], dialect: str, own_headers: Mapping[str, Own] | None = None
) -> dict[str, type[SourceTable] | None]:
    """The kinds that a file with this header carries, each with its format, None for our own."""
    # Native columns win where all of them are known, then the formats.
    own = sorted(_own_kinds(header, dialect))
    if own and not own[0][0]:
        return {own[0][-1]: None}
    tables: dict[str, type[SourceTable] | None] = {}
    for table in readable_as(header, dialect):
        if table.kind in kinds:
            tables.setdefault(table.kind, table)
    if tables or _title_of(header):
        return tables
    # The key of a kind beside unknown columns is of that kind too: it is refused with their
    # names. Mappings of the school count last.
    mappings = all_own_headers() if own_headers is None else own_headers
    own = sorted(_own_kinds(header, dialect, mappings))
    return {own[0][-1]: None} if own else {}


def _own_kinds(
    header: Sequence[str], dialect: str, mappings: Mapping[str, Own] = MappingProxyType({})
) -> Iterator[tuple[int, int, int, str]]:
    """Sort keys of the kinds whose key the header has; the best match sorts first."""
    plain = list(map(known_name, header))
    for name, resource in kinds.items():
        names = _mapped_names(plain, resource, mappings.get(name, {}))
        key = set(resource.key_names(names))
        is_accepted = dialect in NATIVE_FORMATS or dialect in resource.shared_with
        if is_accepted and key <= set(names):
            strange = {each for each in names if not has_meaning(each, resource)}
            yield len(strange), -len(key), resource.order, name


def _mapped_names(names: Sequence[str], resource: type[ImportKind], own: Own) -> list[str]:
    # A name with a meaning keeps it, whatever the mapping says.
    mapped = [name if has_meaning(name, resource) else own.get(name, name) for name in names]
    return [name for name in mapped if name != IGNORED]


def chosen(files: Sequence[DetectedFile], kind: str, dialect: str) -> DetectedFile:
    """The one file that carries a kind. Raises FileRefused, naming them, for none or several."""
    carrying = [each for each in files if each.kind == kind]
    if len(carrying) == 1:
        return carrying[0]
    names = ", ".join(each.description for each in carrying or files) or gettext("no file")
    params = {"kind": kinds[kind].label, "files": names}
    if carrying:
        raise FileRefused(
            "several_members",
            gettext(
                "Several files in the zip file are files of %(kind)s: %(files)s. Keep one of them."
            )
            % params,
        )
    message = gettext(
        "The zip file holds no file of %(kind)s. It holds %(files)s. Choose another kind, or "
        "another file."
    )
    message %= params
    if dialect not in NATIVE_FORMATS[:1]:
        message += " " + gettext("The format was chosen: %(format)s.") % {
            "format": Batch.SourceFormat(dialect).label
        }
    raise FileRefused("no_member", message)


def companions_of(one: DetectedFile, files: Iterable[DetectedFile]) -> dict[str, DetectedFile]:
    """The lookup files of a table, by what they are."""
    lookups = one.table.lookups if one.table else ()
    folder = PurePosixPath(one.member.name).parent
    sides: dict[str, DetectedFile] = {}
    # Of two lookup files of one sort, the one in the same folder counts, else the first.
    near = sorted(files, key=lambda each: PurePosixPath(each.member.name).parent != folder)
    for each in near:
        if each.side in lookups:
            sides.setdefault(each.side, each)
    # A table may be its own lookup file, but then others have to come with it.
    is_alone = all(each.member is one.member for each in sides.values())
    return {} if is_alone else sides
