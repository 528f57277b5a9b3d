"""Tables that fit the width they are printed in: names wrap at words, lesser columns go, none is cut off.

A column of numbers is never wrapped nor shortened. When a table is too wide, columns of text wrap first; if
that is not enough, the columns marked as dispensable go, the least important first; what still does not fit
is continued in a second table under the same names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich import box
from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult

GAP = 2  # characters between two columns
LONGEST_WORD = 24  # characters; longer words may be broken
_BREAKS = re.compile(
    r"(?<=\s)(?=\S)|(?<=[/_:])(?=\w)|(?<=\w[.-])(?=[A-Za-z])"
)  # after blanks and marks in names


@dataclass(frozen=True)
class Column:
    """How one column behaves.

    Attributes
    ----------
    head : str
    kind : {"name", "number", "prose"}
        Names and prose wrap; prose gives way first, down to 24 characters. Numbers stand as they are.
    drop : int
        0 for a column that is always shown; else the larger goes the earlier.
    """

    head: str
    kind: str = "number"
    drop: int = 0


class FittedTable:
    """A titled table that chooses its columns and widths when it is printed.

    Parameters
    ----------
    title : str
    columns : sequence of Column
        The first `keys` of them are repeated when the table has to be continued.
    keys : int
    """

    def __init__(self, title: str, columns: Sequence[Column], *, keys: int = 1) -> None:
        self.title, self.columns, self.keys = title, tuple(columns), keys
        self.rows: list[tuple[Text, ...]] = []

    def add_row(self, *cells: str | Text) -> None:
        """Add a row; one cell for each column."""
        if len(cells) != len(self.columns):
            raise ValueError(f"{len(self.columns)} columns take as many cells; got {len(cells)}")
        self.rows.append(tuple(cell if isinstance(cell, Text) else Text(cell) for cell in cells))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield one table, or several when the columns that must stay do not fit side by side."""
        for number, chosen in enumerate(self._parts(options.max_width)):
            title = self.title if number == 0 else f"{self.title} (continued)"
            if title:
                yield Text(title, style="bold")
            yield self._table(chosen, options.max_width)
            yield Text("")

    def _parts(self, room: int) -> Iterator[list[int]]:
        """Yield the columns of each part."""
        shown = list(range(len(self.columns)))
        while self._least(shown) > room:
            spare = [i for i in shown if self.columns[i].drop]
            if not spare:
                break
            shown.remove(max(spare, key=lambda i: (self.columns[i].drop, i)))
        keys, rest = shown[: self.keys], shown[self.keys :]
        part: list[int] = []
        for i in rest:
            if part and self._least([*keys, *part, i]) > room:
                yield [*keys, *part]
                part = []
            part.append(i)
        yield [*keys, *part]

    def _least(self, chosen: Sequence[int]) -> int:
        """Return the narrowest width in which these columns are legible."""
        return sum(self._least_width(i) for i in chosen) + GAP * (len(chosen) - 1)

    def _texts(self, i: int) -> list[str]:
        return [row[i].plain for row in self.rows]

    def _least_width(self, i: int) -> int:
        column, texts = self.columns[i], self._texts(i)
        head = max((cell_len(word) for word in column.head.split()), default=0)
        longest = max(map(cell_len, texts), default=0)
        if column.kind == "number":
            return max(head, longest)
        if column.kind == "prose":
            return max(head, min(longest, LONGEST_WORD))
        word = max((cell_len(piece.rstrip()) for text in texts for piece in _pieces(text)), default=0)
        return max(head, min(word, LONGEST_WORD), min(longest, -(-longest // 2) + 2))

    def _widths(self, chosen: Sequence[int], room: int) -> dict[int, int]:
        """Return the widths of columns: what they ask for, text narrowed until all fits."""
        ask = {i: max([cell_len(self.columns[i].head), *map(cell_len, self._texts(i))]) for i in chosen}
        least = {i: self._least_width(i) for i in chosen}
        over = sum(ask.values()) + GAP * (len(chosen) - 1) - room
        for kind in ("number", "prose", "name"):  # a number gives way only by wrapping its head
            while over > 0:
                open_ = [i for i in chosen if self.columns[i].kind == kind and ask[i] > least[i]]
                if not open_:
                    break
                ask[max(open_, key=lambda i: ask[i] - least[i])] -= 1
                over -= 1
        return ask

    def _table(self, chosen: Sequence[int], room: int) -> Table:
        widths = self._widths(chosen, room)
        table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
        for i in chosen:
            number = self.columns[i].kind == "number"
            justify: str = "right" if number else "left"
            head = Text(self.columns[i].head)  # wraps at blanks only
            table.add_column(head, justify=justify, width=widths[i], vertical="top", overflow="fold")  # type: ignore[arg-type]
        for row in self.rows:
            cells = [Text(wrapped(row[i].plain, widths[i]), style=row[i].style) for i in chosen]
            table.add_row(*cells)
        return table


def wrapped(text: str, width: int) -> str:
    """Return the text in lines of at most `width` characters, broken after spaces and the marks of names.

    Examples
    --------
    >>> wrapped("ndfeb/magnet_high_temperature", 16).splitlines()
    ['ndfeb/magnet_', 'high_temperature']
    """
    lines, line = [], ""
    for whole in _pieces(text):
        piece = whole
        if line and cell_len(line + piece.rstrip()) > width:
            lines.append(line.rstrip())
            line = ""
        while cell_len(piece.rstrip()) > width:
            lines.append(piece[:width])
            piece = piece[width:]
        line += piece
    return "\n".join([*lines, line.rstrip()] if line or not lines else lines)


def _pieces(text: str) -> list[str]:
    """Return the parts between which a text may be broken."""
    return _BREAKS.split(text)
