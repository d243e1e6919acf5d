#!/bin/sh
# Start Postgres on a cluster that is either whole or not there at all.
#
# initdb works in a folder beside the final one, and a rename puts it in place: a kill at any moment
# leaves something that the next start removes or takes as it is. At every start, before anybody can
# connect, the superuser's password is set from its secret, so that a lost or changed secret or an
# old backup never locks anyone out. Roles and databases are made by the `bootstrap` service.
#
# Whoever runs a server on this volume, or exchanges the cluster in it, holds one lock: a file on it,
# so that containers that share nothing else see it. It ends with the last process that inherited it.
set -eu

config=/etc/postgresql/postgresql.conf
password_file=${SUPERUSER_PASSWORD_FILE:-/run/secrets/superuser/password}
volume=$(dirname "$PGDATA")
socket=/var/run/postgresql

refuse() {
  code=$1
  shift
  printf 'db: %s\n' "$@" >&2
  exit "$code"
}

lock_cluster() {
  exec 9>>"$volume/.postmaster-lock"
  flock --nonblock 9 || refuse 77 \
    "the cluster is held by another process: a restore, or a second database on this volume" \
    "hint: wait until it has ended; this container tries again by itself"
}

require_password() {
  [ ! -s "$password_file" ] || return 0
  refuse 78 "no superuser password at $password_file: expected a file that is not empty" \
    "hint: the service 'secrets' writes it; see its log"
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

# Each cluster has a repository of its own, named after the number that initdb gave it.
choose_archive() {
  case ${BACKUPS:-on} in
    on | off) archive=${BACKUPS:-on} ;;
    *) refuse 78 "BACKUPS='$BACKUPS' is not accepted (use on or off)" ;;
  esac
  identifier=$(LC_ALL=C pg_controldata -D "$PGDATA" | sed -n 's/^Database system identifier: *//p')
  export PGBACKREST_REPO1_PATH="/backups/$identifier/repository"
  export PGBACKREST_LOCK_PATH="/backups/$identifier/pgbackrest-locks"
}

# The folder of the socket outlives this container while `backup` looks at it. What a server that is
# no more has left there could name a process that means somebody else here.
remove_stale_socket() { rm -f "$socket"/.s.PGSQL.*; }

# After a restore this is also where its recovery ends and the new timeline begins, alone and before
# anybody can connect: with `hot_standby` a server of one process cannot recover.
# The password goes through a pipe, never through an argument, the environment or the log.
set_superuser_password() {
  quoted=$(sed "s/'/''/g" "$password_file")
  printf "ALTER ROLE postgres WITH SUPERUSER LOGIN PASSWORD '%s';\n" "$quoted" |
    postgres --single -D "$PGDATA" -c "config_file=$config" -c "archive_mode=$archive" \
      -c hot_standby=off -c log_statement=none -c log_min_duration_statement=-1 -c log_min_error_statement=panic \
      -c log_checkpoints=off postgres >/dev/null
  unset quoted
}

# The checkpointer closes a segment of WAL every archive_timeout, so that it is archived. If it looks
# before the server has ended its start, it sleeps until its first checkpoint, five minutes later,
# and nothing is archived so long. A reload wakes it. No child of the server: it would mind its end.
wake_checkpointer() {
  setsid --fork sh -c '
    until pg_isready --quiet && LC_ALL=C pg_controldata | grep -q "state: *in production"; do sleep 1; done
    exec pg_ctl reload --silent
  ' </dev/null >/dev/null 2>&1 9>&-
}

lock_cluster
require_password
/usr/local/bin/hesap-check
[ -e "$PGDATA" ] || initialise
choose_archive
remove_stale_socket
set_superuser_password
wake_checkpointer

exec postgres -D "$PGDATA" -c "config_file=$config" -c "archive_mode=$archive" "$@"
