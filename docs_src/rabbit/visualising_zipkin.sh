pip install "../faststream-otel[rabbit,sdk,instrumentor]" "faststream[cli]" \
    opentelemetry-distro opentelemetry-exporter-zipkin-json
opentelemetry-instrument --service_name shop \
    --traces_exporter zipkin_json \
    --metrics_exporter none \
    --logs_exporter none \
    faststream run zero_code:app
