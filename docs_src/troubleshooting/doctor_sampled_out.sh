export OTEL_TRACES_SAMPLER=always_off
opentelemetry-instrument --traces_exporter console \
    --metrics_exporter none --logs_exporter none \
    faststream-otel doctor handled:broker
