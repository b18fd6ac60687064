pip install "../faststream-otel[kafka,sdk]" "faststream[cli]" \
    httpx opentelemetry-instrumentation-httpx
faststream run http_out:app
