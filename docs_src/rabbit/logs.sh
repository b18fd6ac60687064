pip install "../faststream-otel[rabbit,sdk]" "faststream[cli]"
faststream run logs:app
