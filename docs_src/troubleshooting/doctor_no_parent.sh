faststream-otel doctor no_parent:bridge
