pip install ".[kafka,sdk]" "faststream[cli]" \
    opentelemetry-distro opentelemetry-exporter-otlp
cd docs_src/kafka
opentelemetry-instrument --service_name redelivered \
    --traces_exporter tree \
    --metrics_exporter none \
    --logs_exporter none \
    faststream run redelivered:app
