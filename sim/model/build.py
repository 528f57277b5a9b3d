"""The network of the tables: built, or taken from where it was kept.

The parts: `sim.model.figures` chooses figures, `sim.model.structure` says what exists, `sim.model.balance`
reconciles, `sim.model.trade` makes arcs, `sim.model.attributes` nodes, `sim.model.assemble` the whole, and
`sim.model.settle` its steady start. They are imported when something has to be built.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Literal, get_args

from sim.data.provenance import tables_hash
from sim.errors import NetworkError, suggestion
from sim.model.announced import select_projects
from sim.model.cache import load, store
from sim.model.network import Network

if TYPE_CHECKING:
    from sim.data.read import Tables

Projects = Literal["none", "operating", "construction", "financed", "permitting", "all"]
DEFAULT_YEAR = 2024


def build_network(tables: Tables, year: int = DEFAULT_YEAR, *, projects: Projects = "none") -> Network:
    """Return the balanced network of a base year.

    Parameters
    ----------
    tables : Tables
    year : int
        Base year; figures of other years are used where it has none, and weigh less.
    projects : {'none', 'operating', 'construction', 'financed', 'permitting', 'all'}
        Announced projects of this status and better. What ran in the base year is there in any case.

    Returns
    -------
    Network
        Steady to 1e-13; its report tells every move, share and warning.

    Raises
    ------
    NetworkError
        If figures are missing or cannot be balanced.
    """
    from sim.model.assemble import assemble  # scipy is slow to import

    if projects not in get_args(Projects):
        raise NetworkError(f"projects = '{projects}' is unknown{suggestion(projects, get_args(Projects))}")
    return select_projects(assemble(tables, year), projects)


@lru_cache(maxsize=8)
def default_network(year: int = DEFAULT_YEAR, projects: Projects = "none") -> Network:
    """Return the network of the shipped tables with announced projects of a status and better.

    It is kept in the process and, as JSON named by the hashes of tables and code, in the user's cache folder;
    an unreadable or foreign file there is ignored and written anew.

    Raises
    ------
    DataError, NetworkError
        If the shipped tables have been damaged.
    """
    return select_projects(_with_all_projects(year), projects)


def _with_all_projects(year: int) -> Network:
    """Return the network of the shipped tables with every announced project."""
    digest = tables_hash()
    kept = load(digest, year)
    if kept is not None:
        return kept
    from sim.data.read import read_tables  # pandas is slow to import

    network = build_network(read_tables(), year, projects="all")
    store(network, digest, year)
    return network
