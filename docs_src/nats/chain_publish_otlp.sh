opentelemetry-instrument --service_name publisher \
    --traces_exporter otlp \
    faststream publish chain:app '"Ada"' --subject first
