"""Prints the libraries that the distribution in a folder needs, our own packages left out."""  # noqa: INP001 - a script

import sys
import tomllib
from pathlib import Path

project = tomllib.loads((Path(sys.argv[1]) / "pyproject.toml").read_text(encoding="utf-8"))["project"]
sys.stdout.write("\n".join(name for name in project["dependencies"] if not name.startswith("punctual-")))
