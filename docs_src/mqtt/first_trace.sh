pip install "../faststream-otel[mqtt,sdk]" "faststream[cli]"
faststream run first_trace:app
