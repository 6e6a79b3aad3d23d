"""The sentences for what the process that reads workbooks and zip files finds wrong."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from backoffice.bulk.values.faults import FileRefused, display_text

DAMAGED = "damaged_archive"
Sentence = tuple[str, Any]  # the code for scripts, and the sentence for people

OF_WORKBOOKS: Mapping[str, Sentence] = {
    "no_workbook": (
        "not_a_table",
        _("This archive is not an Excel workbook. Upload a CSV or XLSX file."),
    ),
    "macros": (
        "macros",
        _("The workbook holds macros. Save it as .xlsx without macros, or as CSV."),
    ),
    "archive_in_workbook": (
        "nested_archive",
        _("The workbook holds another archive. Save the table as CSV."),
    ),
    "workbook_unpacks_too_large": (
        "unpacks_too_large",
        _(
            "The workbook would unpack to %(size).0f MB, %(besides).0f MB of them beside "
            "the table. Save the table as CSV."
        ),
    ),
    "too_many_parts": (
        "unpacks_too_large",
        _("The workbook consists of too many parts. Save the table as CSV."),
    ),
    "too_many_elements": (
        "unpacks_too_large",
        _("The workbook lists more than %(most)d formats, sheets or parts. Save the table as CSV."),
    ),
    "texts_too_large": (
        "unpacks_too_large",
        _(
            "The cells of the sheet hold more than %(most).0f MB of text. Split the table, or save "
            "it as CSV."
        ),
    ),
    "declaration": (
        "unreadable_workbook",
        _("The workbook holds XML that no spreadsheet writes. Save the table as CSV."),
    ),
    "too_deep": (
        "unreadable_workbook",
        _("The workbook holds XML that no spreadsheet writes. Save the table as CSV."),
    ),
    "format_too_long": (
        "unreadable_workbook",
        _(
            "The workbook holds a number format of more than %(most)d characters. Save the table "
            "as CSV."
        ),
    ),
    "no_sheet": (
        "unreadable_workbook",
        _("The workbook has no sheet. Save the table as CSV."),
    ),
    "too_many_sheets": (
        "unpacks_too_large",
        _(
            "The workbook has %(count)d sheets; at most %(most)d can be read. Save the sheets that "
            "are to be read as a workbook of their own."
        ),
    ),
    "repeated_sheet": (
        "unreadable_workbook",
        _(
            "Two sheets of the workbook are one and the same part of the file, as no spreadsheet "
            "writes it. Open the workbook in Excel and save it again, or save the table as CSV."
        ),
    ),
    "row_out_of_order": (
        "unreadable_workbook",
        _(
            "The sheet has row %(line)d again behind it or a later row, as no spreadsheet writes "
            "it. Open the workbook in Excel and save it again, or save the table as CSV."
        ),
    ),
    "unreadable": (
        "unreadable_workbook",
        _("The workbook cannot be read. Open it in Excel and save it again, or save it as CSV."),
    ),
    "absurd_size": (
        "absurd_dimension",
        _(
            "The sheet claims %(columns)d columns and %(rows)d rows. Delete what lies "
            "outside the table."
        ),
    ),
    "absurd_row": (
        "absurd_dimension",
        _("A row has %(columns)d cells. Delete what lies outside the table."),
    ),
    "row_out_of_reach": (
        "absurd_dimension",
        _(
            "The sheet has a cell in row %(line)d or below; no more than %(most)d rows can be "
            "read. Delete what lies outside the table."
        ),
    ),
    "row_of_sheet_too_long": (
        "row_too_long",
        _("A row of the sheet is longer than %(limit)d bytes. Delete what lies outside the table."),
    ),
    "formula_without_value": (
        "formula_without_value",
        _(
            "The formula has no stored value. Open the workbook in a "
            "spreadsheet and save it again, or save it as CSV."
        ),
    ),
    "formula_in_cell_without_value": (
        "formula_without_value",
        _(
            "The formula in %(cell)s has no stored value. Open the workbook in a "
            "spreadsheet and save it again, or save it as CSV."
        ),
    ),
}
OF_ZIP_FILES: Mapping[str, Sentence] = {
    "damaged": (
        DAMAGED,
        _("The zip file or workbook is damaged. Pack or save it anew."),
    ),
    "members_claimed": (
        "too_many_members",
        _("The zip file claims more members than can be read; at most %(most)d can."),
    ),
    "too_many_members": (
        "too_many_members",
        _("The zip file has %(count)d members; at most %(most)d can be read."),
    ),
    "member_unpacks_too_large": (
        "unpacks_too_large",
        _(
            "The member “%(name)s” of the zip file would unpack to %(size).0f MB, from "
            "%(packed).2f MB; at most %(most).0f MB can be read at once, and %(ratio)d "
            "times what is packed. Split it, or upload it by itself."
        ),
    ),
    "members_unpack_too_large": (
        "unpacks_too_large",
        _("The zip file would unpack to %(size).0f MB; at most %(most).0f MB can be read."),
    ),
    "overlapping_members": (
        "overlapping_members",
        _("Members of the zip file lie on top of each other. Pack the files anew."),
    ),
    "member_is_archive": (
        "nested_archive",
        _(
            "The member “%(name)s” of the zip file is itself an archive or a workbook. "
            "Upload it by itself, or pack it as CSV."
        ),
    ),
    "unsafe_name": (
        "unsafe_name",
        _("The name “%(name)s” is none for a file in a zip file. Pack the files anew."),
    ),
    "encrypted_member": (
        "encrypted_member",
        _("The member “%(name)s” of the zip file is encrypted. Pack the files without a password."),
    ),
    "not_a_file": (
        "not_a_file",
        _("The member “%(name)s” of the zip file is a link and not a file. Pack the file itself."),
    ),
    "unknown_packing": (
        "unknown_packing",
        _(
            "The member “%(name)s” is packed in a way that is not read here. Pack it as a "
            "usual zip file."
        ),
    ),
    "repeated_member": (
        "repeated_member",
        _("The zip file has “%(name)s” more than once. Keep one of them."),
    ),
}
# What ended the process itself.
OF_THE_READER: Mapping[str, Sentence] = {
    "out_of_memory": (
        "reader_out_of_memory",
        _(
            "Reading the file took more memory than any file of its size needs, and was stopped. "
            "Save the table as CSV."
        ),
    ),
    "out_of_time": (
        "reader_out_of_time",
        _(
            "Reading the file took more time than any file of its size needs, and was stopped. "
            "Save the table as CSV."
        ),
    ),
    "died": (
        "reader_died",
        _(
            "Reading the file ended before it was done. Try again; if it happens again, save the "
            "table as CSV."
        ),
    ),
    "not_started": (
        "reader_not_started",
        _("The server cannot read a workbook or zip file just now. Try again in a moment."),
    ),
}
SENTENCES = {**OF_WORKBOOKS, **OF_ZIP_FILES, **OF_THE_READER}


def refusal(name: str, /, **params: Any) -> FileRefused:
    """The refusal of this name. Raises KeyError, TypeError or ValueError where none is such."""
    code, sentence = SENTENCES[name]
    # Texts come from the file: cut to a readable length, on one line.
    shown = {
        k: display_text(value) if isinstance(value, str) else value for k, value in params.items()
    }
    return FileRefused(code, sentence % shown)
