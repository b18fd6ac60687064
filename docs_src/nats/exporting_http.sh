pip install ".[nats,sdk]" "faststream[cli]" \
    opentelemetry-exporter-otlp-proto-http
cd docs_src/nats
faststream run exporting_http:app
