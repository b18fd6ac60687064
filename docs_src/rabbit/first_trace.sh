pip install "../faststream-otel[rabbit,sdk]" "faststream[cli]"
faststream run first_trace:app
