pip install "../faststream-otel[kafka,sdk]" "faststream[cli]" \
    opentelemetry-instrumentation-logging
faststream run logs_instrumented:app
