pip install "../faststream-otel[mqtt,sdk]" "faststream[cli]" \
    opentelemetry-exporter-otlp-proto-grpc
faststream run exporting:app
