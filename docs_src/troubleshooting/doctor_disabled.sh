OTEL_SDK_DISABLED=true opentelemetry-instrument faststream-otel doctor handled:broker
