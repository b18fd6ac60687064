faststream-otel doctor own_spans:broker
