# Traces that failed
curl --get http://127.0.0.1:13200/api/search \
    --data-urlencode 'q={ status = error }'

# Warnings and errors of one service
curl --get http://127.0.0.1:13100/loki/api/v1/query_range \
    --data-urlencode 'query={service_name="trade"} | severity_number >= 13'
