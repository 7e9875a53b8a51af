"""Rows of an Excel workbook (xls through xlrd, xlsx through openpyxl), every cell as text.

Excel keeps numbers as 64-bit floats. A whole number below 2^53 is exact and becomes digits; a larger one has lost
digits already and is written with an exponent, so that it is refused as an id.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from graphkit.errors import ImportDataError, MissingExtraError, did_you_mean
from graphkit.importers.report import Ledger, listed

__all__ = ["sheet_names", "spreadsheet_rows"]

_EXACT = 2**53


def spreadsheet_rows(path: Path, sheet: str | None, ledger: Ledger) -> Iterator[list[str | None]]:
    """The rows of one sheet (the first one, if not named), the header first; blank rows are no rows.

    Raises:
        MissingExtraError: xlrd or openpyxl is not installed.
        ImportDataError: not a workbook, damaged, or no such sheet.
    """
    with path.open("rb") as file:
        old = file.read(4) == b"\xd0\xcf\x11\xe0"
    rows = _xls(path, sheet, ledger) if old else _xlsx(path, sheet, ledger)
    return (row for row in rows if any(cell is not None for cell in row))


def sheet_names(path: Path) -> list[str]:
    """The names of a workbook's sheets.

    Raises:
        MissingExtraError: xlrd or openpyxl is not installed.
        ImportDataError: not a workbook, or damaged.
    """
    with path.open("rb") as file:
        old = file.read(4) == b"\xd0\xcf\x11\xe0"
    if old:
        return list(_opened_xls(path).sheet_names())
    book = _opened_xlsx(path)
    names = list(book.sheetnames)
    book.close()
    return names


def _opened_xls(path: Path) -> Any:
    try:
        import xlrd
    except ImportError:
        raise MissingExtraError("xlrd", "excel", f"Reading {path.name!r} (xls)") from None
    try:
        return xlrd.open_workbook(str(path), on_demand=True)
    except Exception as error:  # xlrd lets struct.error, AssertionError and others through on a damaged file
        raise ImportDataError(f"{path.name!r} is not a readable xls workbook: {error}") from error


def _xls(path: Path, sheet: str | None, ledger: Ledger) -> Iterator[list[str | None]]:
    book = _opened_xls(path)
    page = book.sheet_by_name(_chosen(book.sheet_names(), sheet, path, ledger))
    for r in range(page.nrows):
        yield [_xls_cell(cell, book.datemode) for cell in page.row(r)]


def _xls_cell(cell: Any, datemode: int) -> str | None:
    import xlrd

    if cell.ctype == xlrd.XL_CELL_DATE:
        return str(xlrd.xldate.xldate_as_datetime(cell.value, datemode).isoformat())
    if cell.ctype == xlrd.XL_CELL_BOOLEAN:
        return "true" if cell.value else "false"
    if cell.ctype == xlrd.XL_CELL_ERROR:
        return None
    return _text(cell.value)


def _opened_xlsx(path: Path) -> Any:
    try:
        import openpyxl  # type: ignore[import-untyped]
    except ImportError:
        raise MissingExtraError("openpyxl", "excel", f"Reading {path.name!r} (xlsx)") from None
    try:
        return openpyxl.load_workbook(path, read_only=True, data_only=True)
    except Exception as error:  # zipfile, KeyError, XML errors: whatever the archive holds
        raise ImportDataError(
            f"{path.name!r} is not a readable xlsx workbook: {error}",
            hint="If it is a zip archive of tables, unpack it first.",
        ) from error


def _xlsx(path: Path, sheet: str | None, ledger: Ledger) -> Iterator[list[str | None]]:
    book = _opened_xlsx(path)
    try:
        for row in book[_chosen(book.sheetnames, sheet, path, ledger)].iter_rows(values_only=True):
            yield [_text(value) for value in row]
    finally:
        book.close()


def _chosen(names: list[str], sheet: str | None, path: Path, ledger: Ledger) -> str:
    if sheet is not None and sheet not in names:
        hint = did_you_mean(sheet, names) or f"It has: {listed(names)}."
        raise ImportDataError(f"{path.name!r} has no sheet {sheet!r}.", hint=hint)
    if sheet is None and len(names) > 1:
        ledger.note(f"{path.name} has {len(names)} sheets; {names[0]!r}, the first, was read. --sheet names another.")
    return sheet if sheet is not None else names[0]


def _text(value: Any) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < _EXACT else repr(value)
    if isinstance(value, int) and abs(value) >= _EXACT:
        return repr(float(value))  # openpyxl reads 7.2e17 as an int, but Excel had a float
    if isinstance(value, (datetime.datetime, datetime.date, datetime.time)):
        return value.isoformat()
    return str(value).strip() or None
