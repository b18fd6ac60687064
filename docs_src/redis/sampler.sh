pip install "../faststream-otel[redis,sdk]" "faststream[cli]"
faststream run sampler:app
