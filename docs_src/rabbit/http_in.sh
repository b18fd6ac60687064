pip install "../faststream-otel[rabbit,sdk]" \
    fastapi uvicorn opentelemetry-instrumentation-fastapi
uvicorn http_in:app
