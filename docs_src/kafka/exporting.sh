pip install ".[kafka,sdk]" "faststream[cli]" \
    opentelemetry-exporter-otlp-proto-grpc
cd docs_src/kafka
faststream run exporting:app
