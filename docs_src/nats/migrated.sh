pip install "../faststream-otel[nats,sdk]" "faststream[cli]"
faststream run migrated:app
