export OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://localhost:4318
faststream-otel doctor sends:broker
