"""What Google Cloud's exporter writes, to a client that only keeps it."""

from __future__ import annotations

import json
from typing import Any

from opentelemetry import trace
from opentelemetry.exporter.cloud_trace import CloudTraceSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from tests.docs.vendors.orders import order


class Client:
    """Stands in for Google's."""

    def batch_write_spans(self, request: Any, **_: Any) -> None:
        for span in request.spans:
            about = (span.display_name.value, span.span_id, span.parent_span_id)
            links = [link.span_id for link in span.links.link]
            print(json.dumps([*about, links, span.status.code]))


client: Any = Client()
provider = TracerProvider()
exporter = CloudTraceSpanExporter(project_id="shop", client=client)
provider.add_span_processor(SimpleSpanProcessor(exporter))
trace.set_tracer_provider(provider)
order()
