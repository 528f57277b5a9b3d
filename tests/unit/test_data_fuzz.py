"""Whatever bytes a file holds, the readers end with a table or a DataError."""

from __future__ import annotations

from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from sim.data.columns import TABLES_FOLDER, Column, read_columns
from sim.data.csv_table import read_csv_table
from sim.data.read import read_tables
from sim.errors import DataError
from tests.tables_world import world_files, write_tables

COLUMNS = (
    Column("t", "name", "str", required=True, key=True, allowed="a|b|other.name"),
    Column("t", "amount", "float", unit="t", default="1", allowed=">=0"),
    Column("t", "rank", "int"),
    Column("t", "open", "bool"),
    Column("t", "since", "date"),
    Column("t", "ports", "list", allowed="x|y"),
)
SOUND = (
    b"name,amount,rank,open,since,ports\na,1.5,3,true,2026-02-04,x;y\nb,,,,,\n"
    b'"c ""q"", d",1e3,-1,FALSE,2024-02-29,\n'
)
SPICE = (
    b'"',
    b",",
    b"\n",
    b"\r",
    b";",
    b"#",
    b"\0",
    b"\xff",
    b"\xef\xbb\xbf",
    b"\xe2\x80\xa8",
    b"1e999",
    b"nan",
    b"=",
)


@st.composite
def mutations(draw: st.DrawFn, sound: bytes) -> bytes:
    """Cut, insert and overwrite pieces of a sound file."""
    data = bytearray(sound)
    for _ in range(draw(st.integers(1, 6))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 12)))
        data[start:end] = draw(st.one_of(st.sampled_from(SPICE), st.binary(max_size=6), st.just(b"")))
    return bytes(data)


def read_or_refuse(data: bytes) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "t.csv"
        path.write_bytes(data)
        try:
            frame = read_csv_table(path, COLUMNS)
        except DataError as fault:
            assert str(fault)
            assert all(character.isprintable() or character == "\n" for character in str(fault))
        else:
            assert (frame["amount"] >= 0).all()
            assert frame["name"].is_unique


@settings(max_examples=300, deadline=None)
@given(mutations(SOUND))
def test_a_damaged_table_is_read_or_refused(data: bytes) -> None:
    """Users' files come from spreadsheets, mail and broken disks."""
    read_or_refuse(data)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    """Nothing but DataError may leave the reader."""
    read_or_refuse(data)


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=200).map(lambda text: ("name,amount\n" + text).encode("utf-8", "surrogatepass")))
def test_any_text_below_a_sound_header_is_read_or_refused(data: bytes) -> None:
    """Text gets deeper into the cells than bytes do."""
    read_or_refuse(data)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_a_damaged_folder_of_tables_is_read_or_refused(data: st.DataObject) -> None:
    """One damaged file among twenty must not end in a traceback."""
    files = world_files()
    name = data.draw(st.sampled_from(sorted(files)))
    damaged = data.draw(mutations(files[name].encode()))
    with TemporaryDirectory() as folder:
        write_tables(Path(folder))
        (Path(folder) / name).write_bytes(damaged)
        try:
            read_tables(Path(folder))
        except DataError as fault:
            assert str(fault)


def test_ten_thousand_damaged_tables_are_read_or_refused() -> None:
    """The shipped tables' own lines under their own declarations, seeds in order."""
    columns = read_columns(TABLES_FOLDER / "columns.csv")
    sound = {
        path: path.read_bytes() for path in TABLES_FOLDER.glob("*.csv") if path.name.split(".")[0] in columns
    }
    with TemporaryDirectory() as folder:
        path = Path(folder) / "t.csv"
        for seed in range(10_000):
            rng = Random(seed)
            source = rng.choice(sorted(sound))
            data = bytearray(sound[source][: rng.randrange(200, 4000)])
            for _ in range(rng.randint(1, 6)):
                start = rng.randrange(len(data) + 1)
                new = rng.choice((*SPICE, b"", rng.randbytes(rng.randrange(6))))
                data[start : start + rng.randrange(12)] = new
            path.write_bytes(bytes(data))
            try:
                read_csv_table(path, columns[source.name.split(".")[0]])
            except DataError as fault:
                assert str(fault), seed


@settings(max_examples=100, deadline=None)
@given(
    mutations(
        b"table,column,dtype,unit,required,key,default,allowed,description\nt,a,float,t,true,false,,>=0,A\n"
    )
)
def test_damaged_declarations_are_read_or_refused(data: bytes) -> None:
    """A folder may bring its own declarations."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "columns.csv"
        path.write_bytes(data)
        try:
            read_columns(path)
        except DataError as fault:
            assert str(fault)
