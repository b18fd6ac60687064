pip install "../faststream-otel[kafka,sdk]" "faststream[cli]" \
    opentelemetry-distro opentelemetry-exporter-otlp
opentelemetry-instrument --service_name chain \
    --traces_exporter tree \
    --metrics_exporter none \
    --logs_exporter none \
    faststream run chain:app
