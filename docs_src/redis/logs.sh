pip install "../faststream-otel[redis,sdk]" "faststream[cli]"
faststream run logs:app
