faststream-otel doctor --start provider_late:service
