pip install "../faststream-otel[kafka,sdk]" "faststream[cli]"
faststream run migrated:app
