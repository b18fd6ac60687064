faststream-otel doctor app:app
