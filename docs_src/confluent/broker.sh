docker run --rm --publish 127.0.0.1:9092:9092 apache/kafka:4.1.1
