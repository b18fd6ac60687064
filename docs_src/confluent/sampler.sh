pip install "../faststream-otel[confluent,sdk]" "faststream[cli]"
faststream run sampler:app
