pip install ".[rabbit,sdk]" "faststream[cli]" \
    opentelemetry-exporter-otlp-proto-grpc
cd docs_src/rabbit
faststream run exporting:app
