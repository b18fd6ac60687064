pip install "../faststream-otel[rabbit,sdk]" "faststream[cli]" \
    opentelemetry-exporter-otlp-proto-grpc
faststream run exporting:app
