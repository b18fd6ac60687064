docker run --rm --publish 127.0.0.1:1883:1883 \
    eclipse-mosquitto:2.0.22 mosquitto -c /mosquitto-no-auth.conf
