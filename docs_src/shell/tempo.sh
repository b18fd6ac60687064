docker run --rm \
    --publish 127.0.0.1:3000:3000 \
    --publish 127.0.0.1:4317:4317 \
    --publish 127.0.0.1:4318:4318 \
    grafana/otel-lgtm:0.30.0
