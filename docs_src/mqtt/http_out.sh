pip install ".[mqtt,sdk]" "faststream[cli]" httpx opentelemetry-instrumentation-httpx
cd docs_src/mqtt
faststream run http_out:app
