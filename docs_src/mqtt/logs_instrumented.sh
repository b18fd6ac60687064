pip install "../faststream-otel[mqtt,sdk]" "faststream[cli]" \
    opentelemetry-instrumentation-logging
faststream run logs_instrumented:app
