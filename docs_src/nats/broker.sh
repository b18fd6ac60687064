docker run --rm --publish 127.0.0.1:4222:4222 nats:2.14.5-alpine --jetstream
