docker run --rm \
    --publish 127.0.0.1:16686:16686 \
    --publish 127.0.0.1:4317:4317 \
    --publish 127.0.0.1:4318:4318 \
    cr.jaegertracing.io/jaegertracing/jaeger:2.15.0
