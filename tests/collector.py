"""A collector of spans, as far as a test needs one."""

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


class Collector:
    """Takes spans as OTLP over HTTP."""

    def __init__(self, status: int = 200) -> None:
        self.requests: list[ExportTraceServiceRequest] = []
        self._status = status

    @property
    def app(self) -> Starlette:
        async def take(request: Request) -> Response:
            self.requests.append(ExportTraceServiceRequest.FromString(await request.body()))
            return Response(status_code=self._status)

        return Starlette(routes=[Route("/v1/traces", take, methods=["POST"])])

    @property
    def names(self) -> list[str]:
        scopes = [scope for sent in self.requests for each in sent.resource_spans for scope in each.scope_spans]
        return [span.name for scope in scopes for span in scope.spans]
