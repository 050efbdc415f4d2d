"""Runs `examples/*.ipynb` and writes their outputs into them, after a change that moves the figures.

make demo-build && python tests/make_examples.py
"""

import json
import os
from pathlib import Path
from typing import Any

from notebook import outputs, run

EXAMPLES = Path(__file__).parents[1] / "examples"


def main() -> None:
    """Each notebook in its own folder and with names of its own."""
    os.chdir(EXAMPLES)
    for path in sorted(EXAMPLES.glob("*.ipynb")):
        content = json.loads(path.read_text(encoding="utf-8"))
        names: dict[str, Any] = {}
        cells = [cell for cell in content["cells"] if cell["cell_type"] == "code"]
        for count, cell in enumerate(cells, start=1):
            cell |= {"outputs": outputs(run(cell, names), count), "execution_count": count}
        path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
