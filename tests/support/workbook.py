"""An XLSX file as a spreadsheet reads it: sheets of cells, each with its value and the format that shows it."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

NAMES = {
    "m": "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
    "r": "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
}
RELATION = f"{{{NAMES['r']}}}id"


@dataclass
class Cell:
    value: str | float
    format: str


@dataclass
class Sheet:
    """Rows by number from 1, cells by the letters of their column; where it is frozen."""

    rows: dict[int, dict[str, Cell]]
    frozen_rows: int
    frozen_columns: int
    widths: list[float]

    def table(self, header: str) -> list[dict[str, Cell]]:
        """What stands below the row that begins with this header, by the names in that row."""
        [head] = [n for n, row in self.rows.items() if "A" in row and row["A"].value == header]
        names = {letters: str(cell.value) for letters, cell in self.rows[head].items()}
        below = [row for n, row in sorted(self.rows.items()) if n > head]
        return [{names[letters]: cell for letters, cell in row.items()} for row in below]


def read_workbook(path: Path) -> dict[str, Sheet]:
    with zipfile.ZipFile(path) as book:
        xml = {
            name: ElementTree.fromstring(book.read(name))
            for name in book.namelist()
            if name.endswith((".xml", ".rels"))
        }
    strings = ["".join(item.itertext()) for item in xml["xl/sharedStrings.xml"].findall("m:si", NAMES)]
    formats = _formats(xml["xl/styles.xml"])
    targets = {relation.get("Id"): relation.get("Target") for relation in xml["xl/_rels/workbook.xml.rels"]}
    return {
        sheet.get("name", ""): _sheet(xml[f"xl/{targets[sheet.get(RELATION)]}"], strings, formats)
        for sheet in xml["xl/workbook.xml"].findall("m:sheets/m:sheet", NAMES)
    }


def _formats(styles: ElementTree.Element) -> list[str]:
    """The format of each style of a cell; built-in ones by their number."""
    codes = {item.get("numFmtId"): item.get("formatCode", "") for item in styles.findall("m:numFmts/m:numFmt", NAMES)}
    ids = [style.get("numFmtId", "0") for style in styles.findall("m:cellXfs/m:xf", NAMES)]
    return [codes.get(number, {"0": "General", "1": "0", "2": "0.00"}.get(number, number)) for number in ids]


def _sheet(sheet: ElementTree.Element, strings: list[str], formats: list[str]) -> Sheet:
    rows: dict[int, dict[str, Cell]] = {}
    for row in sheet.findall("m:sheetData/m:row", NAMES):
        cells = rows.setdefault(int(row.get("r", "0")), {})
        for cell in row.findall("m:c", NAMES):
            text = cell.findtext("m:v", namespaces=NAMES)
            if text is None:
                continue
            value = strings[int(text)] if cell.get("t") == "s" else float(text)
            cells[cell.get("r", "").rstrip("0123456789")] = Cell(value, formats[int(cell.get("s", "0"))])
    pane = sheet.find("m:sheetViews/m:sheetView/m:pane", NAMES)
    frozen = (0, 0) if pane is None else (int(pane.get("ySplit", "0")), int(pane.get("xSplit", "0")))
    widths = [float(column.get("width", "0")) for column in sheet.findall("m:cols/m:col", NAMES)]
    return Sheet(rows, *frozen, widths)
