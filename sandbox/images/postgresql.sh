#!/bin/sh
# What the entry point of the official image does: make the database at the first start, then run.
set -eu

if [ "$1" = postgres ]; then
  mkdir -p "$PGDATA"
  chmod 0700 "$PGDATA" # the server wants it so, and kubelet gives a volume's folders to its group
fi
if [ "$1" = postgres ] && [ ! -s "$PGDATA/PG_VERSION" ]; then
  : "${POSTGRES_PASSWORD:?is required: the password of the superuser}"
  user=${POSTGRES_USER:-postgres} database=${POSTGRES_DB:-${POSTGRES_USER:-postgres}}
  echo "$POSTGRES_PASSWORD" | initdb --username="$user" --pwfile=/dev/stdin
  echo "host all all all scram-sha-256" >> "$PGDATA/pg_hba.conf"
  pg_ctl --wait --options="-c listen_addresses=''" start
  if [ "$database" != postgres ]; then
    createdb --username="$user" --maintenance-db=postgres "$database"
  fi
  pg_ctl --wait --mode=fast stop
  printf '%s\n' "listen_addresses = '*'" "jit = off" >> "$PGDATA/postgresql.conf"
fi
exec "$@"
