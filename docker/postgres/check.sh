#!/bin/sh
# Refuse a data volume that this image cannot serve, before anything has changed.
# Asked twice: by `secrets`, so that `up` stops with the reason, and by the database at each start.
# `bootstrap` notes the cluster beside the superuser's secret; without its data nothing new begins.
set -eu

volume=$(dirname "$PGDATA")
note=${SECRETS_ROOT:-/run/secrets}/superuser/cluster

refuse() {
  printf 'data volume: %s\n' "$@" >&2
  exit 77
}

if [ -e "$volume/PG_VERSION" ]; then
  refuse "$volume is itself a cluster, made by another image; expected one in $PGDATA" \
    "hint: dump it with the image that made it and load the dump here; nothing was changed"
fi
if [ ! -e "$PGDATA" ]; then
  [ -s "$note" ] && [ -z "${EXTERNAL_DATABASE:-}" ] || exit 0
  refuse "the data is gone: expected cluster $(cat "$note") in $PGDATA; nothing was changed" \
    "hint: put the data back; to begin an empty database instead:" \
    "  docker compose -f deploy/docker-compose.prod.pg.yml run --rm secrets forget-cluster"
fi

if [ ! -s "$PGDATA/PG_VERSION" ]; then
  refuse "$PGDATA holds no cluster: its PG_VERSION is missing; nothing was changed" \
    "hint: move away what is in there, or restore the backup that it came from again"
fi
found=$(cat "$PGDATA/PG_VERSION")
[ "$found" = "$PG_MAJOR" ] || refuse \
  "$PGDATA was made by PostgreSQL $found, this image is PostgreSQL $PG_MAJOR; nothing was changed" \
  "hint: go back to the image of $found and dump; a new major version needs dump and restore"
