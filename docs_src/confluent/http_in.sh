pip install "../faststream-otel[confluent,sdk]" \
    fastapi uvicorn opentelemetry-instrumentation-fastapi
uvicorn http_in:app
