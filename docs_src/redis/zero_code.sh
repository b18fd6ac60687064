pip install "../faststream-otel[redis,sdk,instrumentor]" "faststream[cli]" \
    opentelemetry-distro
opentelemetry-instrument --service_name zero_code \
    --traces_exporter tree \
    --metrics_exporter none \
    --logs_exporter none \
    faststream run zero_code:app
