pip install "../faststream-otel[confluent,sdk]" "faststream[cli]"
faststream run migrated:app
