pip install "../faststream-otel[confluent,sdk]" "faststream[cli]" \
    httpx opentelemetry-instrumentation-httpx
faststream run http_out:app
