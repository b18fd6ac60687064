export OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://localhost:4318
python sends.py
