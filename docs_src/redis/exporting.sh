pip install "../faststream-otel[redis,sdk]" "faststream[cli]" \
    opentelemetry-exporter-otlp-proto-grpc
faststream run exporting:app
