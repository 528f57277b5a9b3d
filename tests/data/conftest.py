"""The shipped tables, their figures and the network that is built from them: read once, changed by nobody."""

from __future__ import annotations

import pytest

from sim.data.figures import FigureBook
from sim.data.read import Tables, read_tables
from sim.model.build import default_network
from sim.model.network import Network


@pytest.fixture(scope="session")
def tables() -> Tables:
    return read_tables()


@pytest.fixture(scope="session")
def book(tables: Tables) -> FigureBook:
    return FigureBook(tables)


@pytest.fixture(scope="session")
def network() -> Network:
    return default_network()
