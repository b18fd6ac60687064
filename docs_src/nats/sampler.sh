pip install "../faststream-otel[nats,sdk]" "faststream[cli]"
faststream run sampler:app
