docker run --rm --publish 127.0.0.1:9411:9411 openzipkin/zipkin:3
