pip install "../faststream-otel[nats,sdk]" "faststream[cli]" \
    opentelemetry-instrumentation-logging
faststream run logs_instrumented:app
