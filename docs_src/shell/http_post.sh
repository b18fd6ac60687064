curl --json '{"item": "tea"}' http://localhost:8000/orders
