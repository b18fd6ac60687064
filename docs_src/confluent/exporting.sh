pip install "../faststream-otel[confluent,sdk]" "faststream[cli]" \
    opentelemetry-exporter-otlp-proto-grpc
faststream run exporting:app
