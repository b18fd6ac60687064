pip install "../faststream-otel[nats,sdk]" "faststream[cli]"
faststream run first_trace:app
