pip install ".[rabbit,sdk]" pytest
cd docs_src/rabbit
pytest test_orders.py
