faststream-otel doctor provider_twice:broker
