pip install "../faststream-otel[redis,sdk]" "faststream[cli]" \
    opentelemetry-exporter-otlp-proto-http \
    opentelemetry-exporter-zipkin-json \
    opentelemetry-exporter-prometheus
faststream run exporting_http:app
