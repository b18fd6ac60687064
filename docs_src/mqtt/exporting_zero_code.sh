pip install "../faststream-otel[mqtt,sdk,instrumentor]" "faststream[cli]" \
    opentelemetry-distro opentelemetry-exporter-otlp
opentelemetry-instrument --service_name shop \
    --exporter_otlp_protocol http/protobuf \
    --exporter_otlp_endpoint http://localhost:4318 \
    faststream run zero_code:app
