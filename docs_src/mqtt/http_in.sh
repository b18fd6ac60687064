pip install ".[mqtt,sdk]" fastapi uvicorn opentelemetry-instrumentation-fastapi
cd docs_src/mqtt
uvicorn http_in:app
