"""Routes are looked up from the particular to the general."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.data.read import read_tables
from sim.data.routes import RouteBook
from sim.errors import DataError
from tests.tables_world import write_tables


@pytest.fixture
def routes(tmp_path: Path) -> RouteBook:
    return RouteBook(read_tables(write_tables(tmp_path)))


@pytest.mark.parametrize(
    ("origin", "destination", "freight", "days", "row"),
    [
        ("CCC", "EUU", "sea", 30, "CCC>EUU"),
        ("CCC", "BBB", "sea", 30, "CCC>EUU"),  # the region's row counts for its member
        ("CCC", "BBB", "air", 8, "CCC>EUU"),
        ("AAA", "CCC", "sea", 12, "AAA>CCC"),  # border trade by land before the sea
        ("AAA", "CCC", "air", 12, "AAA>CCC"),  # no air row: the land row of the pair before any default
        ("BBB", "CCC", "air", 10, "*>*"),
        ("AAA", "BBB", "sea", 7, "region>region"),
        ("EUU", "AAA", "air", 6, "region>region"),
        ("EUU", "EUU", "sea", 7, "region>region"),  # a region is wider than a country
        ("AAA", "AAA", "sea", 5, "country>country"),
        ("CCC", "CCC", "air", 4, "country>country"),
        ("ROW", "ROW", "sea", 40, "*>*"),  # the rest of the world is not near to itself
        ("ROW", "AAA", "sea", 40, "*>*"),
    ],
)
def test_the_particular_row_wins(
    routes: RouteBook, origin: str, destination: str, freight: str, days: float, row: str
) -> None:
    """The order of look-up decides every lead time of the network."""
    route = routes.find(origin, destination, freight)
    assert (route.lead_time_days, route.row) == (days, row)


def test_chokepoints_come_with_the_route(routes: RouteBook) -> None:
    """A closure must find the arcs that pass."""
    assert routes.find("CCC", "AAA", "sea").chokepoints == ("strait",)
    assert routes.find("AAA", "BBB", "sea").chokepoints == ()


def test_unknown_names_are_refused(routes: RouteBook, tmp_path: Path) -> None:
    """A silent default of 40 days would hide a misspelt country."""
    with pytest.raises(DataError, match=r"'CCD' is not in countries.iso3; did you mean 'CCC'"):
        routes.find("CCD", "AAA", "sea")
    with pytest.raises(DataError, match="neither air nor sea"):
        routes.find("AAA", "CCC", "rail")
    changes = {"routes.csv": ("*,*,air,10,,expert,expert,judged\n", "")}
    bare = RouteBook(read_tables(write_tables(tmp_path / "bare", changes)))
    with pytest.raises(DataError, match="no row for ROW to AAA by air, and no default"):
        bare.find("ROW", "AAA", "air")
