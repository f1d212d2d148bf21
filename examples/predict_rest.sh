#!/bin/sh
# Ask a running server for a prediction by REST:  examples/predict_rest.sh [HOST:PORT [MODEL]]
# The second form sends the inputs by name, as models with several inputs need it.
set -eu
server=${1:-localhost:8501}
model=${2:-half_plus_two}

curl -fsS -d '{"instances": [1.0, 2.0, 5.0]}' "http://$server/v1/models/$model:predict"
echo
curl -fsS -d '{"inputs": {"x": [1.0, 2.0, 5.0]}}' "http://$server/v1/models/$model:predict"
echo
curl -fsS "http://$server/v1/models/$model"
