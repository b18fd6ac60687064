pip install "../faststream-otel[nats,sdk]" \
    fastapi uvicorn opentelemetry-instrumentation-fastapi
uvicorn http_in:app
