pip install "../faststream-otel[nats,sdk]" "faststream[cli]" \
    opentelemetry-exporter-otlp-proto-grpc
faststream run exporting:app
