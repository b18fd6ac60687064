docker compose kill trade
docker compose run --rm --no-deps load --seed 2 --count 5
docker compose start trade
