pip install "../faststream-otel[kafka,sdk,instrumentor]" uvicorn \
    opentelemetry-distro
timeout 5 opentelemetry-instrument --service_name serving \
    --traces_exporter tree \
    --metrics_exporter none \
    --logs_exporter none \
    uvicorn serving:asgi
