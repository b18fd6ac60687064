pip install "../faststream-otel[rabbit,sdk]" "faststream[cli]" \
    httpx opentelemetry-instrumentation-httpx
faststream run http_out:app
