"""Rank-biased overlap: how far two lists agree, the first places most."""

from collections.abc import Sequence

from recsys.errors import ConfigError

PERSISTENCE = 0.9


def rbo_ext(first: Sequence[str], second: Sequence[str], p: float = PERSISTENCE) -> float:
    """Extrapolated rank-biased overlap of two lists, in [0, 1]; 1 is the same list, 0 is nothing in common.

    Webber, Moffat, Zobel, "A similarity measure for indefinite rankings", ACM TOIS 28(4), 2010, equation 32: with s
    and l the shorter and the longer length and X_d how many articles the first d places have in common,

        (1-p)/p * (sum(X_d / d * p^d, d=1..l) + sum(X_s * (d-s) / (s*d) * p^d, d=s+1..l))
        + ((X_l - X_s) / l + X_s / s) * p^l

    Of X_d with d > s the shorter list gives all it has. Two empty lists are the same: 1; one empty list: 0.

    Args:
        first: ids, best first, none twice.
        second: ids, best first, none twice.
        p: persistence in (0, 1), the chance that a reader goes on to the next place; at 0.9 the first ten places
            have 86 % of the weight.

    Raises:
        ConfigError: p is not in (0, 1), or an id is twice in a list.

    >>> rbo_ext(["a", "b"], ["a", "b"]), rbo_ext(["a"], ["b"]), round(rbo_ext(["a", "b"], ["b", "a"]), 3)
    (1.0, 0.0, 0.9)
    """
    _check(first, second, p)
    if not first or not second:
        return float(not first and not second)
    shorter, longer = sorted((first, second), key=len)
    s, length = len(shorter), len(longer)
    common = _common(shorter, longer)
    at_s = common[s - 1]
    total = sum(x / d * p**d for d, x in enumerate(common, start=1))
    total += sum(at_s * (d - s) / (s * d) * p**d for d in range(s + 1, length + 1))
    value = (1 - p) / p * total + ((common[-1] - at_s) / length + at_s / s) * p**length
    return min(max(round(value, 12), 0.0), 1.0)  # rounding: the same list is 1 exactly


def _check(first: Sequence[str], second: Sequence[str], p: float) -> None:
    if not 0 < p < 1:
        raise ConfigError(f"p is {p!r}: give a number between 0 and 1, such as 0.9")
    for answered in (first, second):
        if len(set(answered)) < len(answered):
            twice = next(article for place, article in enumerate(answered) if article in answered[:place])
            raise ConfigError(f"{twice!r} is twice in one list: a ranking has each article once")


def _common(shorter: Sequence[str], longer: Sequence[str]) -> list[int]:
    """How many articles the first 1, 2, … places have in common, to the end of the longer list."""
    seen: tuple[set[str], set[str]] = (set(), set())
    common: list[int] = []
    for place, article in enumerate(longer):
        seen[0].add(article)
        seen[1].update(shorter[place : place + 1])
        new = {article, *shorter[place : place + 1]}
        common.append((common[-1] if common else 0) + len(new & seen[0] & seen[1]))
    return common
