pip install ".[confluent,sdk]" "faststream[cli]" opentelemetry-instrumentation-logging
cd docs_src/confluent
faststream run logs_instrumented:app
