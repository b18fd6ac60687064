pip install "../faststream-otel[confluent,sdk]" "faststream[cli]" \
    opentelemetry-distro
opentelemetry-instrument --service_name request_reply \
    --traces_exporter tree \
    --metrics_exporter none \
    --logs_exporter none \
    faststream run request_reply:app
