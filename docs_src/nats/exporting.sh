pip install ".[nats,sdk]" "faststream[cli]" \
    opentelemetry-exporter-otlp-proto-grpc
cd docs_src/nats
faststream run exporting:app
