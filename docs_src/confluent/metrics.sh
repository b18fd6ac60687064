pip install "../faststream-otel[confluent,sdk]" "faststream[cli]"
faststream run metrics:app
