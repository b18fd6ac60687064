pip install "../faststream-otel[redis,sdk]" "faststream[cli]" \
    opentelemetry-instrumentation-logging
faststream run logs_instrumented:app
