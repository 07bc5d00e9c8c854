"""Traces through OpenTelemetry's library, to the collector that its own variables name.

The id of a request is the id of its trace, and its last half that of the trace's first span: what
goes on in another process, or after days, needs no more than the request id that events carry.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import IdGenerator, RandomIdGenerator
from opentelemetry.sdk.trace.sampling import Decision
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    get_current_span,
    set_span_in_context,
    use_span,
)

from wabot.services.runtime.spans import Spans

ACCEPT: Final = "accept"
"""The first span of a trace: the webhook itself."""

_KINDS = {ACCEPT: SpanKind.SERVER, "send": SpanKind.CLIENT}
_first: ContextVar[str] = ContextVar("wabot_first_span", default="")


class _Ids(IdGenerator):
    """Gives a trace's first span the ids that its request has."""

    def __init__(self) -> None:
        self._random = RandomIdGenerator()

    def generate_span_id(self) -> int:
        request_id = _first.get()
        return _span_id(request_id) if request_id else self._random.generate_span_id()

    def generate_trace_id(self) -> int:
        request_id = _first.get()
        return int(request_id, 16) if request_id else self._random.generate_trace_id()

    def is_trace_id_random(self) -> bool:
        return True


class OtlpSpans(Spans):
    """Spans to an OTLP/HTTP collector, sent in batches by a thread of the library."""

    def __init__(self, version: str) -> None:
        resource = Resource.create({"service.version": version})
        if str(resource.attributes.get("service.name", "")).startswith("unknown_service"):
            # Neither OTEL_SERVICE_NAME nor OTEL_RESOURCE_ATTRIBUTES named it.
            resource = resource.merge(Resource({"service.name": "wabot"}))
        self._provider = TracerProvider(resource=resource, id_generator=_Ids())
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._tracer = self._provider.get_tracer("wabot", version)

    @contextmanager
    def span(
        self, name: str, request_id: str, *, links: Sequence[str] = (), **attributes: str | int
    ) -> Iterator[None]:
        """Time the block as a part of the request's trace; an error that leaves it marks it."""
        first = request_id if name == ACCEPT and _is_trace_id(request_id) else ""
        token = _first.set(first)
        try:
            span = self._tracer.start_span(
                name,
                Context() if first else self._parent(request_id),
                kind=_KINDS.get(name, SpanKind.INTERNAL),
                attributes={f"wabot.{key}": value for key, value in attributes.items()},
                links=[Link(self._of(other)) for other in links if _is_trace_id(other)],
            )
        finally:
            _first.reset(token)
        # What an error says may quote what people wrote: its kind is enough.
        with use_span(span, record_exception=False, set_status_on_exception=False):
            try:
                yield
            except Exception as error:
                span.set_status(Status(StatusCode.ERROR, type(error).__name__))
                raise
            finally:
                span.end()

    def _parent(self, request_id: str) -> Context | None:
        """Return the context of the request's trace: the span at work, if that is of it."""
        if not _is_trace_id(request_id):
            return Context()
        if get_current_span().get_span_context().trace_id == int(request_id, 16):
            return None
        return set_span_in_context(NonRecordingSpan(self._of(request_id)), Context())

    def _of(self, request_id: str) -> SpanContext:
        trace_id = int(request_id, 16)
        # As the first span was, wherever that was.
        decided = self._provider.sampler.should_sample(None, trace_id, ACCEPT).decision
        sampled = decided is Decision.RECORD_AND_SAMPLE
        flags = TraceFlags(TraceFlags.SAMPLED if sampled else TraceFlags.DEFAULT)
        return SpanContext(trace_id, _span_id(request_id), is_remote=True, trace_flags=flags)

    def close(self) -> None:
        """Hand over what is still kept."""
        self._provider.shutdown()


def _is_trace_id(request_id: str) -> bool:
    return len(request_id) == 32 and request_id.strip("0123456789abcdef") == ""


def _span_id(request_id: str) -> int:
    return int(request_id[16:], 16)
