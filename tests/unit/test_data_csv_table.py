"""The reader of one CSV file: sound cells become values, every fault is named with file, line and column."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from sim.data import csv_table
from sim.data.columns import Column
from sim.data.csv_table import read_csv_table
from sim.errors import DataError, Faults

COLUMNS = (
    Column("plants", "plant", "str", required=True, key=True),
    Column("plants", "stage", "str", default="mining", allowed="mining|refining"),
    Column("plants", "capacity_t", "float", unit="t", allowed=">=0"),
    Column("plants", "rank", "int", default="5", allowed=">=1 <=9"),
    Column("plants", "open", "bool", default="true"),
    Column("plants", "since", "date"),
    Column("plants", "ports", "list"),
)
HEAD = "plant,stage,capacity_t,rank,open,since,ports\n"


def read(tmp_path: Path, text: str | bytes) -> pd.DataFrame:
    path = tmp_path / "plants.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_csv_table(path, COLUMNS, label="plants.csv")


def test_every_dtype_is_read_and_the_place_of_a_row_kept(tmp_path: Path) -> None:
    """Other modules rely on these types and on the provenance columns."""
    frame = read(tmp_path, HEAD + 'a,refining,1.5e3,7,FALSE,2026-02-04,x; y\n\n# remark, "\n"b, c",,,,,,\n')
    assert frame["plant"].tolist() == ["a", "b, c"]
    assert frame["stage"].tolist() == ["refining", "mining"]
    assert frame["capacity_t"].iloc[0] == 1500.0
    assert frame["capacity_t"].isna().tolist() == [False, True]
    assert frame["rank"].tolist() == [7, 5]
    assert frame["rank"].dtype == "int64"
    assert frame["open"].tolist() == [False, True]
    assert frame["since"].iloc[0] == pd.Timestamp(2026, 2, 4)
    assert frame["since"].isna().tolist() == [False, True]
    assert frame["ports"].tolist() == [("x", "y"), ()]
    assert frame["file"].tolist() == ["plants.csv", "plants.csv"]
    assert frame["file_line"].tolist() == [2, 5]


def test_optional_columns_may_be_missing_and_order_does_not_matter(tmp_path: Path) -> None:
    """Users leave out what they do not need."""
    frame = read(tmp_path, "rank,plant\n3,a\n")
    assert list(frame.columns) == [*(c.name for c in COLUMNS), "file", "file_line"]
    assert frame.loc[0, ["plant", "rank", "stage", "open"]].tolist() == ["a", 3, "mining", True]


@pytest.mark.parametrize("text", [b"\xef\xbb\xbfplant\r\na\r\n", b"plant\ra\r", b"plant\na"])
def test_byte_order_mark_and_any_line_end_are_read(tmp_path: Path, text: bytes) -> None:
    """Spreadsheets write all of these."""
    assert read(tmp_path, text)["plant"].tolist() == ["a"]


def test_a_header_alone_is_an_empty_table(tmp_path: Path) -> None:
    """An empty frame must still have its columns and dtypes."""
    frame = read(tmp_path, HEAD)
    assert len(frame) == 0
    assert frame["capacity_t"].dtype == "float64"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("plant,capacity_t\na,abc\n", r"plants.csv:2: capacity_t = 'abc' is not a number"),
        ("plant,capacity_t\na,-1\n", r"plants.csv:2: capacity_t = '-1' must be >=0"),
        ("plant,capacity_t\na,nan\n", r"capacity_t = 'nan' is not a number"),
        ("plant,capacity_t\na,inf\n", r"capacity_t = 'inf' is not a number"),
        ("plant,capacity_t\na,1e999\n", r"capacity_t = '1e999' is not finite"),
        ("plant,capacity_t\na,1_000\n", r"capacity_t = '1_000' is not a number"),
        ('plant,capacity_t\na,"1,000"\n', r"capacity_t = '1,000' is not a number"),
        ("plant,capacity_t\na,１２\n", r"capacity_t = '１２' is not a number"),
        ("plant,rank\na,1.5\n", r"rank = '1.5' is not a whole number"),
        ("plant,rank\na,10\n", r"rank = '10' must be >=1 and <=9"),
        ("plant,open\na,yes\n", r"open = 'yes' is neither true nor false"),
        ("plant,since\na,04.02.2026\n", r"since = '04.02.2026' is not a date like 2026-07-01"),
        ("plant,since\na,2026-02-30\n", r"since = '2026-02-30' is not a day of the calendar"),
        ("plant,since\na,9999-01-01\n", r"must lie between 1900 and 2200"),
        ("plant,ports\na,x;;y\n", r"ports = 'x;;y' has an empty item"),
        (
            "plant,stage\na,minning\n",
            r"stage = 'minning' is not one of mining, refining; did you mean 'mining'\?",
        ),
        ("plant,stage\n,mining\n", r"plants.csv:2: plant is blank; it is required"),
        ("plant\na\nb\na\n", r"plants.csv:4: plant = 'a' stands already in plants.csv:2"),
        ("stage\nmining\n", r"plants.csv:1: column 'plant' is missing; it is required"),
        ("plant,capasity_t\na,1\n", r"column 'capasity_t' is not declared; did you mean 'capacity_t'\?"),
        ("plant,plant\na,b\n", r"plants.csv:1: column 'plant' stands more than once"),
        ("plant,rank\na\n", r"plants.csv:2: 1 cells under a header of 2 columns"),
        ("plant,rank\na,1,2\n", r"plants.csv:2: 3 cells under a header of 2 columns"),
        (
            'plant,rank\n"a,1\n',
            r"plants.csv:2: not a row of a CSV table \(a quote is not closed on this line\)",
        ),
        ('plant,rank\n"a"b,1\n', r"plants.csv:2: not a row of a CSV table"),
        ("", r"plants.csv:1: the file is empty"),
        ("\n# only a remark\n", r"plants.csv:1: the file is empty"),
        (b"plant\na\x00\n", r"plants.csv:2: NUL byte"),
        (b"plant\na\n\xff\n", r"plants.csv:3: byte 0xff is not UTF-8"),
        ("plant\na\x07\n", r"plants.csv:2: plant = 'a\\x07' holds a control character"),
    ],
)
def test_a_fault_names_file_line_column_value_and_what_is_allowed(
    tmp_path: Path, text: str | bytes, message: str
) -> None:
    """The user must be able to find and mend the cell from the message alone."""
    with pytest.raises(DataError, match=message):
        read(tmp_path, text)


def test_all_faults_of_a_file_are_raised_at_once(tmp_path: Path) -> None:
    """Nobody wants to mend a file one fault a run."""
    with pytest.raises(DataError) as caught:
        read(tmp_path, "plant,capacity_t,rank\na,x,1\nb,1,y\n,2,3\n")
    assert str(caught.value).count("plants.csv:") == 3


def test_an_open_quote_spoils_one_row_only(tmp_path: Path) -> None:
    """Otherwise the rest of the file would be swallowed and its faults hidden."""
    with pytest.raises(DataError) as caught:
        read(tmp_path, 'plant,rank\n"a,1\nb,x\n')
    assert "plants.csv:2:" in str(caught.value)
    assert "plants.csv:3: rank = 'x'" in str(caught.value)


def test_reading_stops_after_many_faults(tmp_path: Path) -> None:
    """A file of another kind must not cost minutes or flood the screen."""
    with pytest.raises(DataError, match="faults"):
        read(tmp_path, "plant,rank\n" + "a,x,1\n" * 200_000)


def test_a_fault_of_the_callers_collector_is_not_raised(tmp_path: Path) -> None:
    """A folder reader gathers the faults of all its files."""
    path = tmp_path / "plants.csv"
    path.write_text("plant,rank\na,x\n", encoding="utf-8")
    faults = Faults(DataError)
    frame = read_csv_table(path, COLUMNS, faults)
    assert len(faults.messages) == 1
    assert frame["rank"].tolist() == [5]


def test_a_missing_file_and_a_folder_are_faults(tmp_path: Path) -> None:
    """Neither may end in a traceback."""
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(DataError, match="no such file"):
            read_csv_table(path, COLUMNS)


def test_a_file_beyond_the_limit_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit is stated in the message, so the user knows what to do."""
    monkeypatch.setattr(csv_table, "MAX_FILE_BYTES", 2**20)
    with pytest.raises(DataError, match="larger than the limit of 1 MiB"):
        read(tmp_path, b"plant\n" + b"a" * 2**20)


def test_a_cell_longer_than_the_parser_takes_is_a_fault(tmp_path: Path) -> None:
    """The csv module has a limit of its own."""
    with pytest.raises(DataError, match="field larger than field limit"):
        read(tmp_path, "plant\n" + "a" * 200_000 + "\n")


def test_long_values_are_cut_in_messages(tmp_path: Path) -> None:
    """A message must fit the screen."""
    with pytest.raises(DataError) as caught:
        read(tmp_path, "plant,rank\na," + "9" * 5_000 + "\n")
    assert len(str(caught.value)) < 200
