pip install ".[nats,sdk]" "faststream[cli]" httpx opentelemetry-instrumentation-httpx
cd docs_src/nats
faststream run http_out:app
