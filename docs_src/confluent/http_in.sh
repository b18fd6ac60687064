pip install ".[confluent,sdk]" fastapi uvicorn opentelemetry-instrumentation-fastapi
cd docs_src/confluent
uvicorn http_in:app
