pip install ".[kafka,sdk]" fastapi uvicorn opentelemetry-instrumentation-fastapi
cd docs_src/kafka
uvicorn http_in:app
