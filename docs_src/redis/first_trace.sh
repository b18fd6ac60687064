pip install "../faststream-otel[redis,sdk]" "faststream[cli]"
faststream run first_trace:app
