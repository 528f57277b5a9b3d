"""What the watched countries stand for, and what the base year is worth: warnings, no faults."""

from __future__ import annotations

from sim.model.scenario.checker import Checker, shown
from sim.model.scenario.schema import NetworkSpec

BASE_YEAR = NetworkSpec().year


def warn_of_watch(checker: Checker) -> None:
    """Warn of watched names that overlap: a country is counted once."""
    network, taken = checker.network, dict[str, str]()
    for i, name in enumerate(checker.scenario.watch):
        codes = network.members(name)
        here = [code for code in codes if code in network.countries]
        gone = [code for code in here if code in taken]
        if gone:
            owners = shown(taken[code] for code in gone)
            left = "has no rows" if gone == here else f"is shown without {shown(gone)}"
            checker.warn(f"watch[{i}]", f"= '{name}' {left}: counted under {owners}, listed before it")
        for code in codes:
            taken.setdefault(code, name)


def warn_of_year(checker: Checker) -> None:
    """Warn of another base year than that of the figures."""
    spec = checker.scenario.network
    if spec.folder is None and spec.year != BASE_YEAR:
        checker.warn(
            "network.year",
            f"= {spec.year}: the figures are gathered for {BASE_YEAR}; for another year the nearest are "
            "taken, and 'sim check' of this file says where they do not agree",
        )
