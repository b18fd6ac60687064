pip install ".[kafka,sdk,instrumentor]" uvicorn \
    opentelemetry-distro opentelemetry-exporter-otlp
cd docs_src/kafka
timeout 5 opentelemetry-instrument --service_name serving \
    --traces_exporter tree \
    --metrics_exporter none \
    --logs_exporter none \
    uvicorn serving:asgi
