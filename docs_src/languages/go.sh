cd go
go build -mod=mod -o billing .
OTEL_SERVICE_NAME=billing OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318 \
    NATS_URL=nats://localhost:4222 ./billing
