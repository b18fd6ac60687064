pip install ".[confluent,sdk]" "faststream[cli]" \
    opentelemetry-exporter-otlp-proto-http \
    opentelemetry-exporter-zipkin-json \
    opentelemetry-exporter-prometheus
cd docs_src/confluent
faststream run exporting_http:app
