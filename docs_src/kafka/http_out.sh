pip install ".[kafka,sdk]" "faststream[cli]" httpx opentelemetry-instrumentation-httpx
cd docs_src/kafka
faststream run http_out:app
