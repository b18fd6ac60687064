pip install ".[rabbit,sdk]" "faststream[cli]" \
    opentelemetry-exporter-otlp-proto-http \
    opentelemetry-exporter-zipkin-json \
    opentelemetry-exporter-prometheus
cd docs_src/rabbit
faststream run exporting_http:app
