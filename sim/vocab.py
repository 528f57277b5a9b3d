"""Words shared by every layer: enumerations, names of identifiers, array aliases."""

from __future__ import annotations

from enum import StrEnum
from typing import NewType

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

NodeId = NewType("NodeId", str)  # process.COUNTRY or process.COUNTRY.facility; any text in a user's network
MaterialId = NewType("MaterialId", str)  # commodity/form
CountryCode = NewType("CountryCode", str)  # ISO 3166 alpha-3, or a region such as EUU or ROW


class Stage(StrEnum):
    """Where in the chain a node stands."""

    MINING = "mining"
    REFINING = "refining"
    PROCESSING = "processing"
    END_USE = "end_use"
    RECYCLING = "recycling"


class NodeStatus(StrEnum):
    """How far a project is; `operating` for everything that runs in the base year."""

    OPERATING = "operating"
    CONSTRUCTION = "construction"
    FINANCED = "financed"
    PERMITTING = "permitting"
    ANNOUNCED = "announced"


class Confidence(StrEnum):
    """How far a figure is trusted; `expert` is judgement, never looked up."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    EXPERT = "expert"


class Evidence(StrEnum):
    """Whether an arc's flow rests on a known trade share or on the estimate that fills the rest."""

    KNOWN = "known"
    ESTIMATED = "estimated"


DAYS_PER_YEAR = 365.0  # in every rate (DESIGN section 3)
DEFAULT_PRIORITY = 5  # 1 is served first, 9 last
STOCK_BUILDING_PRIORITY = 9
