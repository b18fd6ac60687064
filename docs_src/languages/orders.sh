pip install "../faststream-otel[nats,sdk,instrumentor]" "faststream[cli]" \
    opentelemetry-distro opentelemetry-exporter-otlp
opentelemetry-instrument --service_name orders faststream run orders:app
