curl http://127.0.0.1:8000/orders \
    --header "customer-tier: gold" \
    --json '{"symbol": "TEA", "quantity": 3}'
