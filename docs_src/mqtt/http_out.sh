pip install "../faststream-otel[mqtt,sdk]" "faststream[cli]" \
    httpx opentelemetry-instrumentation-httpx
faststream run http_out:app
