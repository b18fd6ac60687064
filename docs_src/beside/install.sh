pip install "../faststream-otel[nats,sdk]" logfire sentry-sdk loguru \
    dishka-faststream prometheus-client opentelemetry-exporter-otlp
