"""The body of a request, up to a size."""

from fastapi import Request

from service.problems import Problem


async def body_of(request: Request, largest: int) -> bytes:
    """The whole body.

    Raises:
        Problem: 413, it has more bytes than `largest`; no more than these are ever held.
    """
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > largest:
            raise Problem(413, "body-too-large", f"a body may have {largest} bytes", headers={"Connection": "close"})
    return bytes(raw)
