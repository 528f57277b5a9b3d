"""Declarations of columns."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.data.columns import Column, Reference, parse_bounds, read_columns, within
from sim.errors import DataError

HEAD = "table,column,dtype,unit,required,key,default,allowed,description\n"


def declare(tmp_path: Path, rows: str) -> dict[str, tuple[Column, ...]]:
    path = tmp_path / "columns.csv"
    path.write_text(HEAD + rows, encoding="utf-8")
    return read_columns(path)


def test_allowed_splits_into_names_references_and_prefixed_references() -> None:
    """One small language serves the reader, the reference pages and the checks."""
    column = Column("t", "country", "str", allowed="*|countries.iso3|!countries.iso3")
    assert column.literals == ("*",)
    assert column.references == (Reference("countries", "iso3"), Reference("countries", "iso3", "!"))
    assert column.bounds == ()


def test_bounds_are_inclusive_or_exclusive_as_written() -> None:
    """A utilisation of 0 would divide by zero, one of 1 is fine."""
    bounds = parse_bounds(">0 <=1")
    assert [within(value, bounds) for value in (0.0, 1e-9, 1.0, 1.1)] == [False, True, True, False]
    assert within(-0.5, parse_bounds(">-1 <5"))
    assert not within(5.0, parse_bounds(">-1 <5"))


def test_columns_keep_their_order_by_table(tmp_path: Path) -> None:
    """The order is that of the reference page."""
    found = declare(
        tmp_path, "b,x,str,,true,true,,,X\na,y,float,t,false,false,,>=0,Y\nb,z,int,,false,false,3,,Z\n"
    )
    assert {table: [c.name for c in columns] for table, columns in found.items()} == {
        "b": ["x", "z"],
        "a": ["y"],
    }
    assert found["b"][0].required
    assert found["b"][1].default == "3"


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("t,x,string,,true,true,,,X\n", "dtype = 'string' is unknown; did you mean 'str'"),
        ("t,x,float,,false,false,,0..1,X\n", "'0..1' is not a bound"),
        ("t,x,float,,true,false,3,,X\n", "a required column has no default"),
        ("t,x,float\n", "a declaration has exactly the columns"),
    ],
)
def test_a_wrong_declaration_is_refused(tmp_path: Path, rows: str, message: str) -> None:
    """A silent fault here would switch a check off."""
    with pytest.raises(DataError, match=message):
        declare(tmp_path, rows)


def test_a_missing_declaration_file_is_a_data_error(tmp_path: Path) -> None:
    """No traceback for a missing file."""
    with pytest.raises(DataError, match="cannot be read"):
        read_columns(tmp_path / "none.csv")
