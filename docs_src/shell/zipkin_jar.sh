mvn dependency:copy -Dartifact=io.zipkin:zipkin-server:3.6.1:jar:exec -DoutputDirectory=.
java -jar zipkin-server-3.6.1-exec.jar
