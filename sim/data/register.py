"""The register of announced projects: their money, the odds that they are built, and the median date.

All odds are judgement, anchored on published records of delay (``docs/background/projects.md``). A
deterministic run takes the median path: a part is built, at the announced date and the median slip, where its
odds are one half or better.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sim.data.read import Tables

EVEN = 0.5  # odds from which the median path builds
CEILING = 0.95  # of odds before the first output
LARGE_USD_M = 1000.0  # a project under construction with this money slips twice as long
LARGE_FACTOR = 2.0
SECOND_WEIGHT = 0.5  # the largest gain of an instrument counts whole, the next half
FIRM_STATES = ("committed", "closed")
RUNNING = "operating"
STATE_COUNTS_AS = {
    "letter": "letter_of_interest",
    "announced": "letter_of_interest",
    "conditional": "conditional_commitment",
}
COUNTS_AS = {
    "loan": "loan",
    "conditional_commitment": "conditional_commitment",
    "letter_of_interest": "letter_of_interest",
    "equity": "equity",
    "joint_venture": "equity",
    "grant": "grant",
    "tax_credit": "grant",
    "offtake": "floor_offtake",
}
PRICE_FLOOR = "floor_offtake"

Row = Mapping[Hashable, Any]


@dataclass(frozen=True, slots=True)
class Odds:
    """What is likely to become of a part.

    Attributes
    ----------
    success : float
        Probability of first output within five years of the announced date.
    slip_days : float
        Median slip behind that date.
    spread : float
        Standard deviation of the logarithm of the slip.
    """

    success: float
    slip_days: float
    spread: float

    @property
    def built(self) -> bool:
        """Whether the median path builds it."""
        return self.success >= EVEN


class Register:
    """Looks up projects, their parts and money, and what is likely to become of them.

    Parameters
    ----------
    tables : Tables
    """

    def __init__(self, tables: Tables) -> None:
        self.projects: dict[str, Row] = {row["project"]: row for row in tables.projects.to_dict("records")}
        self.parts = _grouped(tables.project_parts.to_dict("records"), "project")
        self.redirects = _grouped(tables.project_redirects.to_dict("records"), "project")
        self.finance = _grouped(tables.finance.to_dict("records"), "project")
        self.programmes: dict[str, Row] = {
            row["programme"]: row for row in tables.programmes.to_dict("records")
        }
        self._stages = {(r["status"], r["instrument"]): r for r in tables.stage_odds.to_dict("records")}
        self._factors = {
            str(name).removeprefix("slip_factor_"): float(value)
            for name, value in zip(tables.parameters["name"], tables.parameters["value"], strict=True)
            if str(name).startswith("slip_factor_")
        }

    def instruments(self, project: str) -> list[str]:
        """Return what kinds of support a project has, as the odds count them."""
        found = []
        for line in self.finance.get(project, ()):
            kind = STATE_COUNTS_AS.get(line["state"]) or COUNTS_AS.get(line["instrument"])
            if kind is not None:
                found.append(kind)
        floors = (r for r in self.programmes.values() if r["effect"] == "price")
        if any(project in row["acts_on_projects"] for row in floors):
            found.append(PRICE_FLOOR)
        return list(dict.fromkeys(found))

    def money_usd_m(self, project: str) -> float:
        """Return public and private money named for a project, letters included."""
        lines = self.finance.get(project, ())
        return sum(_given(line["amount_usd_m"]) + _given(line["private_usd_m"]) for line in lines)

    def odds(self, project: str, status: str) -> Odds:
        """Return the odds of a part of `project` that is at `status`; certain for a redirect that runs.

        Parameters
        ----------
        project : str
        status : str
            Of the part.
        """
        stage = self._stages.get((status, "none"))
        if stage is None:
            return Odds(0.0, 0.0, 0.0)
        base = float(stage["success"])
        if base <= 0.0 or status == RUNNING:
            return Odds(base, 0.0, 0.0)
        gains = sorted(
            (
                float(self._stages[status, kind]["success"]) - base
                for kind in self.instruments(project)
                if (status, kind) in self._stages
            ),
            reverse=True,
        )
        gained = sum(gains[:1]) + SECOND_WEIGHT * sum(gains[1:2]) + self._programmes(project, "success_odds")
        slip = float(stage["slip_days"]) * self._slip_factor(project, status)
        slip = max(0.0, slip + self._programmes(project, "slip"))
        return Odds(round(min(CEILING, base + gained), 4), slip, float(stage["spread"]))

    def _programmes(self, project: str, effect: str) -> float:
        """Return the summed size of the programmes that act on a project or its country."""
        country = self.projects[project]["country"]
        return sum(
            _given(row["size"])
            for row in self.programmes.values()
            if row["effect"] == effect
            and (project in row["acts_on_projects"] or country in row["acts_on_countries"])
        )

    def _slip_factor(self, project: str, status: str) -> float:
        """Return how much longer than in the United States a project slips."""
        factor = self._factors.get(self.projects[project]["country"], 1.0)
        large = status == "construction" and self.money_usd_m(project) >= LARGE_USD_M
        return factor * (LARGE_FACTOR if large else 1.0)

    def status(self, row: Row) -> str:
        """Return the status of a part, which is that of its project unless it has its own."""
        return str(row["status"] or self.projects[row["project"]]["status"])

    def first_output(self, row: Row) -> date | None:
        """Return the median date of a part's first output; None where no date was announced."""
        announced = day_of(row["start_date"])
        if announced is None:
            return None
        slip = self.odds(row["project"], self.status(row)).slip_days
        return announced + timedelta(days=round(slip))


def day_of(cell: Any) -> date | None:
    """Return the date of a cell, None for a blank one."""
    return None if cell is None or cell != cell else cell.date()  # noqa: PLR0124 - NaT is not equal to itself


def _given(value: float) -> float:
    """Return a number, 0 for a blank one."""
    return 0.0 if value != value else float(value)  # noqa: PLR0124 - NaN is not equal to itself


def _grouped(rows: list[dict[Hashable, Any]], key: str) -> dict[str, list[Row]]:
    """Return rows by the value of one column, in the order of the table."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row[key], []).append(row)
    return found
