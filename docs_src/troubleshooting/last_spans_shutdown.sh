uvicorn --log-level warning last_spans_shutdown:asgi
