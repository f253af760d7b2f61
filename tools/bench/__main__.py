"""Run every bench, each in a process of its own: `python -m tools.bench [PART …]`."""

from __future__ import annotations

import subprocess
import sys

PARTS = ("reading", "polling", "promptness", "memory", "weekend", "stories", "pacing", "storage")


def main() -> int:
    asked = sys.argv[1:] or PARTS
    if unknown := [part for part in asked if part not in PARTS]:
        print(f"no part {unknown[0]!r}; there are {', '.join(PARTS)}", file=sys.stderr)
        return 2
    ended = 0
    for part in asked:
        print(f"── {part} " + "─" * (76 - len(part)), flush=True)
        ended |= subprocess.run([sys.executable, "-m", f"tools.bench.{part}"], check=False).returncode
    return ended


if __name__ == "__main__":
    sys.exit(main())
