pip install ".[mqtt,sdk]" "faststream[cli]" \
    opentelemetry-exporter-otlp-proto-grpc
cd docs_src/mqtt
faststream run exporting:app
