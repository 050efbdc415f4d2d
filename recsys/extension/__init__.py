"""A release with what came after it: articles published or changed since the night, beside the rows that it has."""

from recsys.extension.extension import Extension

__all__ = ["Extension"]
