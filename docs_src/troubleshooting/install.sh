pip install "../faststream-otel[nats,sdk,instrumentor]" \
    opentelemetry-distro opentelemetry-exporter-otlp uvicorn
export OTEL_SERVICE_NAME=shop
