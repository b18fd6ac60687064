opentelemetry-instrument --service_name second \
    --traces_exporter otlp \
    faststream run chain:second
