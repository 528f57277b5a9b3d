"""Projects that already ran in the base year: named facilities carved out of their country's total."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sim.data.csv_table import LINE_COLUMN

if TYPE_CHECKING:
    import pandas as pd  # slow to import

RUNNING_YEAR = 2024  # base_output_t_per_year is the output of this year
T_PER_YEAR = "t/yr"


def add_running_parts(frames: dict[str, pd.DataFrame]) -> None:
    """Add facilities and figures for the running parts that the facilities table does not list.

    A part whose process is not in the tables, that no country total could hold, or that looks like a
    facility of another name, is left out: `sim check data` says so. The added rows name the row of
    `project_parts.csv` as their place.

    Parameters
    ----------
    frames : dict of str to DataFrame
        Tables by name; `facilities` and `figures` are replaced.
    """
    facilities, figures = [], []
    listed = set(frames["facilities"]["facility"])
    room = _totals(frames)
    for part in running_parts(frames):
        base = part["base_output_t_per_year"]
        place = (part["process"], part["country"])
        if part["part"] in listed or twin(frames, part) or base > room.get(place, 0.0):
            continue
        room[place] -= base
        facilities.append(_facility(part))
        figures.append(_figure(part, "facility_capacity", max(base, part["capacity_t_per_year"])))
        figures.append(_figure(part, "facility_production", base))
    frames["facilities"] = _extended(frames["facilities"], facilities)
    frames["figures"] = _extended(frames["figures"], figures)


def running_parts(frames: dict[str, pd.DataFrame]) -> list[dict[str, Any]]:
    """Return the parts with an output in the base year, with country, operator and name of their project."""
    projects = {row["project"]: row for row in frames["projects"].to_dict("records")}
    found: list[dict[str, Any]] = []
    for row in frames["project_parts"].to_dict("records"):
        project = projects.get(row["project"])
        if project is not None and row["base_output_t_per_year"] > 0:
            kept = {name: project[name] for name in ("country", "operator", "name")}
            found.append({str(name): value for name, value in row.items()} | kept)
    return found


def twin(frames: dict[str, pd.DataFrame], part: dict[str, Any]) -> str:
    """Return the facility that looks like the same plant: same process and country, same first word."""
    word = part["part"].partition("_")[0]
    for row in frames["facilities"].to_dict("records"):
        here = (row["process"], row["country"]) == (part["process"], part["country"])
        if here and row["facility"] != part["part"] and row["facility"].partition("_")[0] == word:
            return str(row["facility"])
    return ""


def _totals(frames: dict[str, pd.DataFrame]) -> dict[tuple[str, str], float]:
    """Return what named facilities leave of each country's production, t/year."""
    figures = frames["figures"]
    room: dict[tuple[str, str], float] = {}
    made = figures[figures["measure"] == "production"]
    order = (made["year"] - RUNNING_YEAR).abs().sort_values(kind="stable", ascending=False).index
    for row in made.loc[order].to_dict("records"):
        room[row["process"], row["country"]] = row["value"]
    for row in frames["corrections"].to_dict("records"):
        if row["measure"] == "production":
            room[row["process"], row["country"]] = row["value"]
    for row in figures[figures["measure"] == "facility_production"].to_dict("records"):
        place = (row["process"], row["country"])
        room[place] = room.get(place, 0.0) - row["value"]
    return room


def _facility(part: dict[str, Any]) -> dict[str, Any]:
    """Return the row of the facilities table."""
    named = {name: part[name] for name in ("process", "country", "operator", "name", "note")}
    return {"facility": part["part"], **named, "file": part["file"], LINE_COLUMN: part[LINE_COLUMN]}


def _figure(part: dict[str, Any], measure: str, value: float) -> dict[str, Any]:
    """Return a row of the figures table."""
    kept = {name: part[name] for name in ("process", "country", "source_id", "confidence", "file")}
    return {
        **kept,
        "measure": measure,
        "partner": part["part"],
        "year": RUNNING_YEAR,
        "value": value,
        "unit": T_PER_YEAR,
        "note": part["note"] or "Output of the base year of a project that runs",
        "line": part[LINE_COLUMN],
    }


def _extended(frame: pd.DataFrame, rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Return the frame with some rows more, of the same types."""
    import pandas as pd

    if not rows:
        return frame
    added = pd.DataFrame(rows, columns=frame.columns).astype(frame.dtypes.to_dict())
    return pd.concat([frame, added], ignore_index=True)
