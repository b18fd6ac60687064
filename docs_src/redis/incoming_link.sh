pip install "../faststream-otel[redis,sdk]" "faststream[cli]" \
    opentelemetry-distro
opentelemetry-instrument --service_name incoming_link \
    --traces_exporter tree \
    --metrics_exporter none \
    --logs_exporter none \
    faststream run incoming_link:app
