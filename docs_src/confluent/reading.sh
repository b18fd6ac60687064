pip install ".[confluent,sdk]" "faststream[cli]" \
    opentelemetry-distro opentelemetry-exporter-otlp
cd docs_src/confluent
opentelemetry-instrument --service_name reading \
    --traces_exporter tree \
    --metrics_exporter none \
    --logs_exporter none \
    faststream run reading:app
