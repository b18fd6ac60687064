pip install ".[nats,sdk]" "faststream[cli]" \
    opentelemetry-exporter-otlp-proto-http \
    opentelemetry-exporter-zipkin-json \
    opentelemetry-exporter-prometheus
cd docs_src/nats
faststream run exporting_http:app
