"""Runs the code of a notebook as Jupyter does, without its servers: the last expression of a cell is its output."""

import ast
import contextlib
import io
import json
from pathlib import Path
from typing import Any

Output = dict[str, str]


def code(path: Path) -> list[dict[str, Any]]:
    """The code cells of a notebook."""
    cells: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [cell for cell in cells if cell["cell_type"] == "code"]


def run(cell: dict[str, Any], names: dict[str, Any]) -> Output:
    """What the cell prints and shows, by kind; `names` is what the cells before it left behind, and takes its own."""
    tree = ast.parse("".join(cell["source"]))
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(tree, "<cell>", "exec"), names)
        value = eval(compile(ast.Expression(last.value), "<cell>", "eval"), names) if last else None
    found = {"stdout": printed.getvalue()} if printed.getvalue() else {}
    if value is not None:
        shown = getattr(value, "_repr_html_", lambda: None)()
        found |= {"text/html": shown} if shown is not None else {"text/plain": repr(value)}
    return found


def stored(cell: dict[str, Any]) -> Output:
    """The output that the notebook holds for a cell."""
    found: Output = {}
    for output in cell["outputs"]:
        if output["output_type"] == "stream":
            found["stdout"] = "".join(output["text"])
        else:
            found |= {kind: "".join(text) for kind, text in output["data"].items()}
    return found


def outputs(found: Output, count: int) -> list[dict[str, Any]]:
    """The same as the format of notebooks writes it (nbformat 4.5)."""
    data = {kind: text.splitlines(keepends=True) for kind, text in found.items() if kind != "stdout"}
    shown = {"output_type": "execute_result", "execution_count": count, "metadata": {}, "data": data}
    printed = {"output_type": "stream", "name": "stdout", "text": found.get("stdout", "").splitlines(keepends=True)}
    return [*([printed] if "stdout" in found else []), *([shown] if data else [])]
