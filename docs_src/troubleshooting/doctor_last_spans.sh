faststream-otel doctor --server uvicorn last_spans:asgi
