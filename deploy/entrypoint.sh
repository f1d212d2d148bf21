#!/bin/sh
# What the container runs: one model by name, or whatever the arguments say. Later flags win, so an argument overrides.
# `exec` makes the server process 1: it gets SIGTERM and drains.
set -eu
case " $* " in
*" --model_config_file"*) ;; # it says what to serve
*) set -- --model_name="${MODEL_NAME:=model}" --model_base_path="${MODEL_BASE_PATH:=/models}/${MODEL_NAME}" "$@" ;;
esac
exec tensorflow_model_server --port=8500 --rest_api_port=8501 "$@"
