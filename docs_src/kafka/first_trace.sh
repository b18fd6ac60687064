pip install "../faststream-otel[kafka,sdk]" "faststream[cli]"
faststream run first_trace:app
