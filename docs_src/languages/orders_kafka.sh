pip install "../faststream-otel[kafka,sdk,instrumentor]" "faststream[cli]" \
    opentelemetry-distro opentelemetry-exporter-otlp
opentelemetry-instrument --service_name orders faststream run orders_kafka:app
