pip install ".[redis,sdk]" "faststream[cli]" httpx opentelemetry-instrumentation-httpx
cd docs_src/redis
faststream run http_out:app
