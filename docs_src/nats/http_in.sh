pip install ".[nats,sdk]" fastapi uvicorn opentelemetry-instrumentation-fastapi
cd docs_src/nats
uvicorn http_in:app
