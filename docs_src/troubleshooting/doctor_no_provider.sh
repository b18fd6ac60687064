faststream-otel doctor handled:broker
