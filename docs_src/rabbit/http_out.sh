pip install ".[rabbit,sdk]" "faststream[cli]" httpx opentelemetry-instrumentation-httpx
cd docs_src/rabbit
faststream run http_out:app
