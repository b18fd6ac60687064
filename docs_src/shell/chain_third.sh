opentelemetry-instrument --service_name third \
    --traces_exporter otlp \
    faststream run chain:third
