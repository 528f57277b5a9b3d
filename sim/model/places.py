"""Where the parts of a user's network stand in its files, for messages."""

from __future__ import annotations

from sim.model.folder_tables import FolderTables
from sim.model.settle_graph import Place

_KEYS = {
    "nodes": ("node", ("node",)),
    "recipes": ("input", ("node", "input_material")),
    "outputs": ("output", ("node", "output_material")),
    "arcs": ("arc", ("supplier", "customer", "material")),
    "recycling": ("scrap", ("node", "scrap_of", "material")),
}


def places_of(tables: FolderTables) -> dict[Place, str]:
    """Return ``folder/file.csv:line: `` of each node, input, output, arc and scrap source."""
    return {
        (kind, *(row.text(column) for column in columns)): f"{row.place}: "
        for table, (kind, columns) in _KEYS.items()
        for row in tables.rows[table]
    }
