"""What our values look like in a notebook: frames of pandas, and small tables of HTML."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from html import escape
from typing import TYPE_CHECKING

from recsys.errors import MissingExtra

if TYPE_CHECKING:
    import pandas as pd


def frame(columns: Mapping[str, Sequence[object]], *, times: Collection[str] = ()) -> "pd.DataFrame":
    """A data frame of these columns, all of one length; those of `times` hold moments in UTC or NaT.

    Raises:
        MissingExtra: pandas is not installed; nothing else here needs it. For polars: `polars.from_pandas(frame)`.
    """
    try:
        import pandas as pd
    except ImportError as error:
        raise MissingExtra("a frame needs pandas: pip install 'news-recsys[eval]'") from error
    return pd.DataFrame(
        {name: pd.to_datetime(list(cells), utc=True) if name in times else cells for name, cells in columns.items()},
        columns=list(columns),
    )


def table(caption: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table of HTML for `_repr_html_`; every text is escaped, so a title cannot do anything.

    >>> table("lists", ["n"], [["<b>"], [0.12345]])
    '<table><caption>lists</caption><tr><th>n</th></tr><tr><td>&lt;b&gt;</td></tr><tr><td>0.123</td></tr></table>'
    """
    head = "".join(f"<th>{escape(name)}</th>" for name in columns)
    lines = ["".join(f"<td>{escape(_shown(cell))}</td>" for cell in row) for row in rows]
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    return f"<table><caption>{escape(caption)}</caption>{f'<tr>{head}</tr>' if head else ''}{body}</table>"


def _shown(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, float):
        return f"{cell:.3f}"
    return f"{cell:%Y-%m-%d %H:%M}" if isinstance(cell, datetime) else str(cell)
