faststream-otel doctor twice:broker
