pip install ".[confluent,sdk]" "faststream[cli]" \
    opentelemetry-exporter-otlp-proto-grpc
cd docs_src/confluent
faststream run exporting:app
