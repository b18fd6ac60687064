pip install ".[mqtt,sdk]" pytest
cd docs_src/mqtt
pytest test_orders.py
