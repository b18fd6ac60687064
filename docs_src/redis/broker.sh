docker run --rm --publish 127.0.0.1:6379:6379 redis:8.10.1-alpine
