uvicorn --log-level warning last_spans:asgi
