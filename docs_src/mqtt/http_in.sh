pip install "../faststream-otel[mqtt,sdk]" \
    fastapi uvicorn opentelemetry-instrumentation-fastapi
uvicorn http_in:app
