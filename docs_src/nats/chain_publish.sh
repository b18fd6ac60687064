opentelemetry-instrument --service_name publisher \
    --traces_exporter tree \
    --metrics_exporter none \
    --logs_exporter none \
    faststream publish chain:app '"Ada"' --subject first
