pip install ".[confluent,sdk]" "faststream[cli]" httpx opentelemetry-instrumentation-httpx
cd docs_src/confluent
faststream run http_out:app
