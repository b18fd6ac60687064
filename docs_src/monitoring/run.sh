scripts/monitoring --broker rabbit --orders 100
