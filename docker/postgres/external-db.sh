#!/bin/sh
# Hand the address of a database that somebody else runs to its readers: the app, who migrates, and
# who backs up.
#
# It is brought as the file deploy/secrets/database_url or as DATABASE_URL. Migrations may log in by
# an address of their own: migrate_database_url, MIGRATE_DATABASE_URL; the backups dump by that, for
# they have to read everything. The file database_ca, if it is brought, holds the authority that the
# server's certificate must come from.
set -eu
umask 077

root=${SECRETS_ROOT:-/run/secrets}
own=${OWN_SECRETS:-/run/own-secrets}
app=10001:10001
backups=999:999

refuse() {
  printf 'external-db: %s\n' "$@" >&2
  exit 78
}

is_brought() { [ -e "$own/$1" ] || [ -L "$own/$1" ]; }

# --- Checks: they change nothing -----------------------------------------------------------------

# Print the address that was brought as a file or as a variable; nothing if it was not.
brought() {
  value=$2
  if is_brought "$1"; then
    [ -z "$value" ] || refuse "both deploy/secrets/$1 and $3 are set; nothing was changed" \
      "hint: keep one of them"
    [ -f "$own/$1" ] && [ -r "$own/$1" ] || refuse \
      "deploy/secrets/$1 cannot be read: expected a plain file; nothing was changed"
    value=$(cat "$own/$1")
    [ -n "$value" ] || refuse "deploy/secrets/$1 is empty; nothing was changed"
  fi
  printf %s "$value"
}

# Neither the address nor a part of it is ever shown: it holds the password.
check_url() {
  case $2 in
    *[[:space:][:cntrl:]]*) wrong='holds a space or a line break' ;;
    postgres://?*@?* | postgresql://?*@?*) wrong=$(weak_tls "$2") ;;
    *) wrong='is no address of a Postgres: expected postgresql://USER:PASSWORD@HOST/DATABASE' ;;
  esac
  [ -z "$wrong" ] || refuse "$1 $wrong; nothing was changed"
}

weak_tls() {
  case ${1#*\?}'&' in
    *sslmode=disable'&'* | *sslmode=allow'&'* | *sslmode=prefer'&'*)
      echo 'lets the password cross the network in the clear: expected sslmode=require or verify-full' ;;
    *sslrootcert=*) ;;
    *sslmode=verify-*) is_brought database_ca || echo 'asks for a certificate that can be verified,' \
      'but brings no authority: add sslrootcert=system, or the file deploy/secrets/database_ca' ;;
  esac
}

check_ca() {
  ! is_brought database_ca || grep -q -e '-----BEGIN CERTIFICATE-----' "$own/database_ca" || refuse \
    "deploy/secrets/database_ca is no certificate in PEM; nothing was changed"
}

# --- Writing -------------------------------------------------------------------------------------

# Under another name first: nobody ever reads half of it. Root without the capability FOWNER may set
# the mode only of what it still owns: mode, then owner.
put() {
  cat >"$1.tmp"
  chmod 0400 "$1.tmp"
  chown "$2" "$1.tmp"
  sync "$1.tmp"
  mv -f "$1.tmp" "$1"
}

prepare_folder() {
  mkdir -p "$1"
  rm -f "$1"/*.tmp
  [ "$(stat -c '%u:%g %a' "$1")" = "$2 500" ] && return 0
  chown 0:0 "$1"
  chmod 0500 "$1"
  chown "$2" "$1"
}

# hand_over NAME ADDRESS USER:GROUP
hand_over() {
  folder=$root/$1
  prepare_folder "$folder" "$3"
  [ -s "$folder/url" ] && [ "$(cat "$folder/url")" = "$2" ] || {
    printf '%s\n' "$2" | put "$folder/url" "$3"
    printf 'external-db: took over the address for %s\n' "$1" >&2
  }
  if is_brought database_ca; then
    put "$folder/ca.pem" "$3" <"$own/database_ca"
  else
    rm -f "$folder/ca.pem"
  fi
}

url=$(brought database_url "${DATABASE_URL:-}" DATABASE_URL)
[ -n "$url" ] || refuse "no address of a database: nothing was changed" \
  "hint: put postgresql://USER:PASSWORD@HOST/DATABASE into deploy/secrets/database_url"
migrate_url=$(brought migrate_database_url "${MIGRATE_DATABASE_URL:-}" MIGRATE_DATABASE_URL)
check_url DATABASE_URL "$url"
[ -z "$migrate_url" ] || check_url MIGRATE_DATABASE_URL "$migrate_url"
check_ca

# From here on we change things.
hand_over database "$url" "$app"
hand_over migrate-database "${migrate_url:-$url}" "$app"
hand_over backup-database "${migrate_url:-$url}" "$backups"
