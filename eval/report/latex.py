"""A table in LaTeX, for a paper that loads booktabs and, as many systems are wide, graphicx."""

from eval.report.tables import Table

_SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "–": "--", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", "[": "{[}", "]": "{]}",  # a bracket after \\ would be its option
}  # fmt: skip
_WIDE = 7  # columns that fit a page as they are


def escape(text: str) -> str:
    r"""`text` as it may stand in a cell.

    >>> escape("50 % of a_b")
    '50 \\% of a\\_b'
    """
    return "".join(_SPECIAL.get(letter, letter) for letter in text)


def latex(table: Table) -> str:
    """The table as a `table` environment, with its caption and the label `tab:NAME`; strong lines are bold."""
    fit = len(table.columns) > _WIDE
    lines = [
        r"\begin{table}",
        rf"\caption{{{escape(table.caption)}}}",
        rf"\label{{tab:{table.name}}}",
        *([r"\resizebox{\textwidth}{!}{%"] if fit else []),
        rf"\begin{{tabular}}{{l{'r' * (len(table.columns) - 1)}}}",
        r"\toprule",
        rf"{' & '.join(map(escape, table.columns))} \\",
        r"\midrule",
        *(_line(row, row[0] in table.strong) for row in table.rows),
        r"\bottomrule",
        r"\end{tabular}" + ("}" if fit else ""),
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def _line(row: tuple[str, ...], strong: bool) -> str:
    cells = [rf"\textbf{{{escape(cell)}}}" if strong else escape(cell) for cell in row]
    return rf"{' & '.join(cells)} \\"
