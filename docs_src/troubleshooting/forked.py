"""A process and its fork: one of the two sends its span."""

from multiprocessing import get_context

from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter

provider = TracerProvider()
exporter = ConsoleSpanExporter(formatter=lambda span: f"sent: {span.name}\n")
provider.add_span_processor(BatchSpanProcessor(exporter))
trace.set_tracer_provider(provider)


def work(where: str) -> None:
    with trace.get_tracer("forked").start_as_current_span(f"work in the {where}"):
        print(f"working in the {where}", flush=True)


if __name__ == "__main__":
    child = get_context("fork").Process(target=work, args=("fork",))
    child.start()
    child.join()
    work("process")
