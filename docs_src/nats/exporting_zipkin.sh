pip install ".[nats,sdk]" "faststream[cli]" \
    opentelemetry-exporter-zipkin-json
cd docs_src/nats
faststream run exporting_zipkin:app
