"""`make bench`: runs every benchmark in a process of its own, prints and keeps a table of ratios.

A benchmark is a module here with `run() -> list of {"name", "value", "unit", "against", "target",
"note"}`. Names given on the command line choose some of them.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
RESULTS = HERE / "results"
COLUMNS = ("name", "value", "unit", "target", "against", "note")


def main() -> int:
    """Run the chosen benchmarks; exit status 1 if one could not be measured."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", help="default: all")
    parser.add_argument("--only", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.only:
        return measure_here(arguments.only)
    unknown = sorted(set(arguments.names) - set(modules()))
    if unknown:
        parser.error(f"no benchmark {', '.join(unknown)}; there are {', '.join(modules())}")
    rows: list[dict[str, Any]] = []
    failures: dict[str, str] = {}
    for name in arguments.names or modules():
        print(f"{name} ...", file=sys.stderr, flush=True)
        try:
            rows += measure_apart(name)
        except RuntimeError as error:
            failures[name] = str(error)
    print(table(rows))
    for name, reason in failures.items():
        print(f"{name} could not be measured: {reason}", file=sys.stderr)
    print(f"Written to {keep(rows, failures).relative_to(Path.cwd())}", file=sys.stderr)
    return 1 if failures else 0


def modules() -> list[str]:
    """The benchmarks there are: modules of this package that define `run`."""
    return [
        path.stem
        for path in sorted(HERE.glob("*.py"))
        if not path.stem.startswith("_") and "\ndef run(" in path.read_text(encoding="utf-8")
    ]


def measure_apart(name: str) -> list[dict[str, Any]]:
    """Run a benchmark in a new process with a data directory that is thrown away."""
    with tempfile.TemporaryDirectory(prefix="myotrace-bench-") as data:
        environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "MYOTRACE_DATA": data,
        }
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks", "--only", name],
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
            check=False,
        )
    if done.returncode:
        raise RuntimeError(f"it ended with status {done.returncode}, see above")
    measured: list[dict[str, Any]] = json.loads(done.stdout.splitlines()[-1])
    return measured


def measure_here(name: str) -> int:
    """Run one benchmark in this process and print its rows as the last line of output."""
    import django

    django.setup()
    rows = importlib.import_module(f"benchmarks.{name}").run()
    print(json.dumps(rows))
    return 0


def table(rows: list[dict[str, Any]]) -> str:
    """The rows as aligned columns."""
    cells = [list(COLUMNS), *([_cell(row.get(column, "")) for column in COLUMNS] for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(COLUMNS))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in cells
    )


def keep(rows: list[dict[str, Any]], failures: dict[str, str]) -> Path:
    """Write the rows with when and on what machine they were measured."""
    RESULTS.mkdir(exist_ok=True)
    now = datetime.now(UTC)
    path = RESULTS / f"{now:%Y%m%dT%H%M%SZ}.json"
    content = {
        "at": now.isoformat(timespec="seconds"),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "python": platform.python_version(),
        "rows": rows,
        "failures": failures,
    }
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    return path


def _cell(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    sys.exit(main())
