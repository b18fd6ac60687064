pip install "../faststream-otel[nats,sdk]" "faststream[cli]" \
    opentelemetry-distro
opentelemetry-instrument --service_name context \
    --traces_exporter tree \
    --metrics_exporter none \
    --logs_exporter none \
    faststream run context:app
