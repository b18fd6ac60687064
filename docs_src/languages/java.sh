cd java
mvn --quiet dependency:copy-dependencies -DoutputDirectory=jars
javac -cp "jars/*" Billing.java
OTEL_SERVICE_NAME=billing OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318 \
    KAFKA_URL=localhost:9092 \
    java -javaagent:jars/opentelemetry-javaagent-2.31.1.jar -cp ".:jars/*" Billing
