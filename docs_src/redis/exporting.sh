pip install ".[redis,sdk]" "faststream[cli]" \
    opentelemetry-exporter-otlp-proto-grpc
cd docs_src/redis
faststream run exporting:app
