pip install ".[redis,sdk]" "faststream[cli]" \
    opentelemetry-distro opentelemetry-exporter-otlp
cd docs_src/redis
opentelemetry-instrument --service_name reading \
    --traces_exporter tree \
    --metrics_exporter none \
    --logs_exporter none \
    faststream run reading:app
