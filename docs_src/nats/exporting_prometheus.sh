pip install ".[nats,sdk]" "faststream[cli]" \
    opentelemetry-exporter-prometheus
cd docs_src/nats
faststream run exporting_prometheus:app
