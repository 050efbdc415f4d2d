"""Text inside a Markdown table."""


def cell(text: str) -> str:
    """`text` as it may stand in one cell: bars are escaped, line ends are blanks.

    >>> cell("Bread | Butter")
    'Bread \\\\| Butter'
    """
    return text.replace("|", "\\|").replace("\n", " ")
