export OTEL_SDK_DISABLED=true
opentelemetry-instrument --traces_exporter console \
    --metrics_exporter none --logs_exporter none \
    faststream-otel doctor handled:broker
