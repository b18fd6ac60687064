pip install "../faststream-otel[redis,sdk]" "faststream[cli]" \
    httpx opentelemetry-instrumentation-httpx
faststream run http_out:app
