pip install ".[mqtt,sdk]" "faststream[cli]" \
    opentelemetry-exporter-otlp-proto-http \
    opentelemetry-exporter-zipkin-json \
    opentelemetry-exporter-prometheus
cd docs_src/mqtt
faststream run exporting_http:app
