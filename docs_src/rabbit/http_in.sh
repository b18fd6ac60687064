pip install ".[rabbit,sdk]" fastapi uvicorn opentelemetry-instrumentation-fastapi
cd docs_src/rabbit
uvicorn http_in:app
