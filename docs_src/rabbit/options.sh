pip install "../faststream-otel[rabbit,sdk]" "faststream[cli]" \
    opentelemetry-distro
opentelemetry-instrument --service_name options \
    --traces_exporter tree \
    --metrics_exporter none \
    --logs_exporter none \
    faststream run options:app
