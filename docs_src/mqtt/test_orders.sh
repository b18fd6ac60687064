pip install "../faststream-otel[mqtt,sdk]" pytest
pytest test_orders.py
