pip install "../faststream-otel[kafka,sdk]" "faststream[cli]" \
    opentelemetry-distro
opentelemetry-instrument --service_name errors \
    --traces_exporter tree \
    --metrics_exporter none \
    --logs_exporter none \
    faststream run errors:app
