pip install ".[confluent,sdk,instrumentor]" "faststream[cli]" \
    opentelemetry-distro opentelemetry-exporter-otlp
cd docs_src/confluent
opentelemetry-instrument --service_name zero_code \
    --traces_exporter tree \
    --metrics_exporter none \
    --logs_exporter none \
    faststream run zero_code:app
