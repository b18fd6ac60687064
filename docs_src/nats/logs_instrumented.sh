pip install ".[nats,sdk]" "faststream[cli]" opentelemetry-instrumentation-logging
cd docs_src/nats
faststream run logs_instrumented:app
