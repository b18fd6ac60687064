docker run --rm --publish 127.0.0.1:5672:5672 rabbitmq:4.3.5-alpine
