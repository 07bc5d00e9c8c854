"""Spans of traces: what was done for a webhook's request, across processes and time."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext

_NOTHING = nullcontext()


class Spans:
    """Times what is done for a request; these go nowhere.

    A request's id is its trace's, so that whoever knows it goes on with the trace.
    """

    def span(
        self,
        name: str,  # noqa: ARG002 - all of them are for those that go somewhere
        request_id: str,  # noqa: ARG002
        *,
        links: Sequence[str] = (),  # noqa: ARG002
        **attributes: str | int,  # noqa: ARG002
    ) -> AbstractContextManager[None]:
        """Time the block as a part of the request's trace; an error that leaves it marks it.

        `links` are other requests that it works for. Attributes are codes, never words or people.
        """
        return _NOTHING

    def close(self) -> None:
        """Hand over what is still kept."""


UNTRACED = Spans()
