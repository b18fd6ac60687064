pip install "../faststream-otel[mqtt,sdk]" "faststream[cli]"
faststream run migrated:app
