pip install ".[redis,sdk]" fastapi uvicorn opentelemetry-instrumentation-fastapi
cd docs_src/redis
uvicorn http_in:app
