#!/bin/sh
# Start Postgres on a cluster that is either whole or not there at all.
#
# initdb works in a folder beside the final one, and a rename puts it in place: a kill at any moment
# leaves something that the next start removes or takes as it is. At every start, before anybody can
# connect, the superuser's password is set from its secret, so that a lost or changed secret or an
# old backup never locks anyone out. Roles and databases are made by the `bootstrap` service.
set -eu

config=/etc/postgresql/postgresql.conf
password_file=${SUPERUSER_PASSWORD_FILE:-/run/secrets/superuser/password}
volume=$(dirname "$PGDATA")

require_password() {
  [ ! -s "$password_file" ] || return 0
  printf 'db: %s\n' "no superuser password at $password_file: expected a file that is not empty" \
    "hint: the service 'secrets' writes it; see its log" >&2
  exit 78
}

# `reject` in the cluster's own pg_hba.conf: started with any other configuration it lets nobody in.
initialise() {
  rm -rf "$PGDATA.new"
  initdb --pgdata="$PGDATA.new" --username=postgres --auth=reject --no-instructions \
    --encoding=UTF8 --locale=C.UTF-8 --locale-provider=builtin --builtin-locale=C.UTF-8 \
    --data-checksums
  sync -f "$PGDATA.new"
  mv -T "$PGDATA.new" "$PGDATA"
  sync "$volume"
}

# The password goes through a pipe, never through an argument, the environment or the log.
set_superuser_password() {
  quoted=$(sed "s/'/''/g" "$password_file")
  printf "ALTER ROLE postgres WITH SUPERUSER LOGIN PASSWORD '%s';\n" "$quoted" |
    postgres --single -D "$PGDATA" -c "config_file=$config" \
      -c log_statement=none -c log_min_duration_statement=-1 -c log_min_error_statement=panic \
      -c log_checkpoints=off postgres >/dev/null
  unset quoted
}

require_password
/usr/local/bin/hesap-check
[ -e "$PGDATA" ] || initialise
set_superuser_password

exec postgres -D "$PGDATA" -c "config_file=$config" "$@"
