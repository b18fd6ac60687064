opentelemetry-instrument --service_name first \
    --traces_exporter otlp \
    faststream run chain:first
