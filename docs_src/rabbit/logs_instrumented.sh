pip install "../faststream-otel[rabbit,sdk]" "faststream[cli]" \
    opentelemetry-instrumentation-logging
faststream run logs_instrumented:app
