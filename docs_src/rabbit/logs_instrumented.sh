pip install ".[rabbit,sdk]" "faststream[cli]" opentelemetry-instrumentation-logging
cd docs_src/rabbit
faststream run logs_instrumented:app
