"""Lead time and chokepoints between two places, from the routes table.

Rows are looked up from the particular to the general:

1. inside one country (row ``country``);
2. the pair as listed; a member of a region that is itself a place (EUU) then stands for the region;
3. inside one region (row ``region``);
4. the default for pairs not listed (row ``*``).

Goods that fly take the air row of a pair, else its land row. Goods that go by sea take the land row where one
is listed (border trade), else the sea row. The base year 2024 sends container and bulk ships between Asia and
the Atlantic by the Cape of Good Hope, as they went then.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sim.data.read import Tables
from sim.errors import DataError, suggestion

if TYPE_CHECKING:
    import pandas as pd  # slow to import

MODES_BY_FREIGHT = {"air": ("air", "land"), "sea": ("land", "sea")}
ANYWHERE, SAME_REGION, SAME_COUNTRY = "*", "region", "country"
REST_OF_WORLD = "ROW"  # many countries under one code: never near to itself


@dataclass(frozen=True, slots=True)
class Route:
    """One row of the routes table, as used for a pair.

    Attributes
    ----------
    mode : str
        ``air``, ``sea`` or ``land``.
    lead_time_days : float
        Door to door, days.
    chokepoints : tuple of str
        Narrow places on the way.
    row : str
        ``origin>destination`` of the row used, such as ``EUU>USA`` or ``*>*``.
    """

    mode: str
    lead_time_days: float
    chokepoints: tuple[str, ...]
    row: str


class RouteBook:
    """Looks up routes; see the module for the order.

    Parameters
    ----------
    tables : Tables
        As read.
    """

    def __init__(self, tables: Tables) -> None:
        self._region = dict(zip(tables.countries["iso3"], tables.countries["region"], strict=True))
        self._routes: dict[tuple[str, str, str], Route] = {}
        columns = ("origin", "destination", "mode", "lead_time_days", "chokepoints")
        for start, end, mode, days, passed in zip(*(tables.routes[name] for name in columns), strict=True):
            self._routes[start, end, mode] = Route(mode, float(days), passed, f"{start}>{end}")

    def find(self, origin: str, destination: str, freight: str) -> Route:
        """Return the route of goods between two countries.

        Parameters
        ----------
        origin, destination : str
            Codes of the countries table.
        freight : {'air', 'sea'}
            As the material declares.

        Returns
        -------
        Route

        Raises
        ------
        DataError
            If a code or the freight is unknown, or the table lacks the default row.
        """
        for code in (origin, destination):
            if code not in self._region:
                raise DataError(f"'{code}' is not in countries.iso3{suggestion(code, self._region)}")
        if freight not in MODES_BY_FREIGHT:
            raise DataError(f"freight '{freight}' is neither air nor sea")
        for pair in self._pairs(origin, destination):
            for mode in MODES_BY_FREIGHT[freight]:
                route = self._routes.get((*pair, mode))
                if route is not None:
                    return route
        raise DataError(f"routes.csv has no row for {origin} to {destination} by {freight}, and no default")

    def _pairs(self, origin: str, destination: str) -> Iterator[tuple[str, str]]:
        """Yield the pairs to look up, the particular first."""
        if origin == destination and origin not in (REST_OF_WORLD, self._region[origin]):
            yield SAME_COUNTRY, SAME_COUNTRY
        near = self._region[origin] == self._region[destination] and origin != REST_OF_WORLD
        for start in dict.fromkeys((origin, self._place(origin))):
            for end in dict.fromkeys((destination, self._place(destination))):
                if start != end:
                    yield start, end
        if near:
            yield SAME_REGION, SAME_REGION
        yield ANYWHERE, ANYWHERE

    def _place(self, code: str) -> str:
        """Return the region of a country when the region is itself a place, else the country."""
        region = self._region[code]
        return region if region in self._region else code


def detours(chokepoints: pd.DataFrame) -> dict[str, float]:
    """Return the extra days of the way around each chokepoint that has one."""
    return {
        str(name): float(days)
        for name, days in zip(chokepoints["chokepoint"], chokepoints["detour_days"], strict=True)
        if not math.isnan(days)  # blank: no way around
    }
