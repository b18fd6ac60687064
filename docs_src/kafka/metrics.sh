pip install "../faststream-otel[kafka,sdk]" "faststream[cli]"
faststream run metrics:app
