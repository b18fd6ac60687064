pip install "../faststream-otel[confluent,sdk]" "faststream[cli]"
faststream run first_trace:app
