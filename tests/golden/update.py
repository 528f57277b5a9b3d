"""Writes the golden results anew: ``python -m tests.golden.update [SCENARIO ...]``.

Prints what changes. Results of scenarios that are no longer shipped are removed.
"""

from __future__ import annotations

import sys

from tests.golden.headlines import FOLDER, differences, headlines, keep, kept, path_of, run, shipped

SHOWN = 5


def main(names: list[str]) -> int:
    """Update the named scenarios, all when none is named."""
    known = shipped()
    unknown = sorted(set(names) - set(known))
    if unknown:
        sys.stderr.write(f"not shipped: {', '.join(unknown)}; shipped: {', '.join(known)}\n")
        return 1
    for name in names or known:
        rows = headlines(run(name))
        found = differences(kept(name), rows) if path_of(name).exists() else ["new"]
        keep(name, rows)
        more = f"; {len(found) - SHOWN} more" if len(found) > SHOWN else ""
        sys.stdout.write(f"{name}: {'; '.join(found[:SHOWN]) or 'unchanged'}{more}\n")
    for path in FOLDER.glob("*.json"):
        if not names and path.stem not in known:
            path.unlink()
            sys.stdout.write(f"{path.stem}: removed, no longer shipped\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
