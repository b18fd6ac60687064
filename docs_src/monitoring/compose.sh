docker compose up --build --wait
docker compose run --rm load --seed 1 --count 300 --rate 10
