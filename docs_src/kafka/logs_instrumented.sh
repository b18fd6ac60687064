pip install ".[kafka,sdk]" "faststream[cli]" opentelemetry-instrumentation-logging
cd docs_src/kafka
faststream run logs_instrumented:app
