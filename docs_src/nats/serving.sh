pip install "../faststream-otel[nats,sdk,instrumentor]" uvicorn \
    opentelemetry-distro
timeout 5 opentelemetry-instrument --service_name serving \
    --traces_exporter tree \
    --metrics_exporter none \
    --logs_exporter none \
    uvicorn serving:asgi
