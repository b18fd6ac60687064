pip install "../faststream-otel[redis,sdk]" \
    fastapi uvicorn opentelemetry-instrumentation-fastapi
uvicorn http_in:app
