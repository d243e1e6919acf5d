#!/bin/sh
# Make the stack's secrets once, each in the volume of those who may read it, and nowhere else.
#
#   secrets                 make what is missing; take over own ones from deploy/secrets
#   secrets rotate NAME     a new one: migrate, app-blue, app-green or session
#   secrets recover         new ones beside an old data volume whose own are lost
#   secrets forget-cluster  let the database begin an empty one, where the data is gone
#
# With EXTERNAL_DATABASE only the session's: the roles of such a database are not ours to make.
#
# Every file is written under another name, synced and renamed; a run that was killed is completed
# by the next one. Nothing is written before everything that was brought has been checked.
set -eu
umask 077

root=${SECRETS_ROOT:-/run/secrets}
own=${OWN_SECRETS:-/run/own-secrets}
check=${CLUSTER_CHECK:-/usr/local/bin/hesap-check}
backups=${BACKUPS_TOOL:-/usr/local/bin/hesap-backups}
compose='docker compose -f deploy/docker-compose.prod.pg.yml'
external=${EXTERNAL_DATABASE:-}

# name       file        brought as            owner        folder  file  least length
# The superuser's folder is written by bootstrap (10001), which changes the password while the
# database runs, and read by the database (group 999).
catalogue='
superuser    password    superuser_password    10001:999    750     440   16
migrate      password    migrate_password      10001:10001  500     400   16
app-blue     password    app_blue_password     10001:10001  500     400   16
app-green    password    app_green_password    10001:10001  500     400   16
session      secret_key  secret_key            10001:10001  500     400   32
'

say() { printf 'secrets: %s\n' "$@" >&2; }

refuse() {
  code=$1
  shift
  say "$@"
  exit "$code"
}

# Call "$1 name file own-file owner folder-mode file-mode least-length" for every secret.
for_each() {
  while read -r name file brought owner folder_mode file_mode least; do
    [ -z "$name" ] || { [ -n "$external" ] && [ "$name" != session ]; } ||
      "$1" "$name" "$file" "$brought" "$owner" "$folder_mode" "$file_mode" "$least"
  done <<EOF
$catalogue
EOF
}

random_secret() { head -c 36 /dev/urandom | base64 | tr '+/' '-_'; }

database_exists() { [ -e "$PGDATA/PG_VERSION" ]; }

# --- Checks: they change nothing -----------------------------------------------------------------

broken_rule() {
  value=$1
  least=$2
  squashed=$(printf %s "$value" | tr '[:upper:]' '[:lower:]' | tr -d ' _.-')
  distinct=$(printf %s "$value" | fold -b -w 1 | sort -u | wc -l)
  if [ "$(printf %s "$value" | LC_ALL=C tr -d '[:cntrl:]')" != "$value" ]; then
    echo 'has a line break or a control character inside'
  elif [ "$(printf %s "$value" | sed 's/^[[:space:]]*//; s/[[:space:]]*$//')" != "$value" ]; then
    echo 'begins or ends with a space'
  elif [ "${#value}" -lt "$least" ]; then
    echo "is too short: expected at least $least characters"
  elif [ "$distinct" -lt 8 ]; then
    echo 'repeats itself: expected at least 8 different characters'
  else
    case $squashed in
      *changeme* | *password* | *passw0rd* | *example* | *placeholder* | *secretkey* | *letmein* | \
        *qwerty* | *123456789* | *abcdefgh* | *hesappaylas* | *postgres*)
        echo 'is a well-known value: expected a random one' ;;
    esac
  fi
}

check_own() {
  brought=$3
  [ -e "$own/$brought" ] || [ -L "$own/$brought" ] || return 0
  [ -f "$own/$brought" ] && [ -r "$own/$brought" ] || refuse 78 \
    "deploy/secrets/$brought cannot be read: expected a plain file"
  rule=$(broken_rule "$(cat "$own/$brought")" "$7")
  if [ "$1" = session ] && [ -z "$rule" ]; then
    # A list of old keys is split at these.
    case $(cat "$own/$brought") in *[,[:space:]]*) rule='has a comma or a space inside' ;; esac
  fi
  [ -z "$rule" ] || refuse 78 "deploy/secrets/$brought $rule; nothing was changed" \
    "hint: 'openssl rand -base64 36 > deploy/secrets/$brought' makes a good one"
}

# A misspelt name would be passed over in silence, and a random secret made in its place.
check_own_names() {
  for path in "$own"/*; do
    [ -e "$path" ] || continue
    case ${path##*/} in
      superuser_password | migrate_password | app_blue_password | app_green_password) ;;
      secret_key | backup_notify_url | README.md) ;;
      database_url | migrate_database_url | database_ca)
        [ -n "$external" ] || refuse 78 \
          "deploy/secrets/${path##*/} is for an external database; nothing was changed" \
          "hint: name both compose files: $compose -f deploy/docker-compose.external-db.yml" ;;
      *) refuse 78 "deploy/secrets/${path##*/} is not a secret this stack knows; nothing was changed" \
        "hint: superuser_password, migrate_password, app_blue_password, app_green_password, secret_key," \
        "      backup_notify_url" ;;
    esac
  done
}

# Started by half of its compose files, a stack would serve an empty database of its own.
refuse_half_a_stack() {
  [ -n "$external" ] || [ ! -e "$root/database/url" ] || refuse 77 \
    "this stack runs on an external database, and would begin an empty one here; nothing was changed" \
    "hint: name both compose files: $compose -f deploy/docker-compose.external-db.yml" \
    "      or, to leave that database for good: $compose down, and remove the volume secret-database"
}

lost=''
note_lost() {
  case $1 in
    superuser | session)
      [ -s "$root/$1/$2" ] || [ -e "$own/$3" ] || [ -s "$root/escrow/session_key" ] ||
        lost="$lost $1" ;;
  esac
}

refuse_lost() {
  [ -z "$lost" ] || refuse 77 \
    "lost beside an old data volume:$lost. The data is untouched; nothing was changed." \
    "New secrets log everybody out of the app, and fit the old data: no data is lost by" \
    "  $compose run --rm secrets recover"
}

# --- Writing -------------------------------------------------------------------------------------

# Owner and mode come before the name: nobody ever sees a file under its name that is not whole.
# Root without the capability FOWNER may set the mode only of what it still owns: mode, then owner.
write_secret() {
  target=$1 owner=$2 mode=$3
  cat >"$target.tmp"
  chmod "$mode" "$target.tmp"
  chown "$owner" "$target.tmp"
  sync "$target.tmp"
  mv -f "$target.tmp" "$target"
  sync "$(dirname "$target")"
}

prepare_folder() {
  mkdir -p "$root/$1"
  rm -f "$root/$1"/*.tmp
  [ "$(stat -c '%u:%g %a' "$root/$1")" = "$4 $5" ] && return 0
  chown 0:0 "$root/$1"
  chmod "$5" "$root/$1"
  chown "$4" "$root/$1"
}

ensure() {
  prepare_folder "$@"
  stored=$root/$1/$2
  if [ -e "$own/$3" ]; then
    adopt "$@"
  elif [ "$1" = session ] && [ ! -s "$stored" ] && [ -s "$root/escrow/session_key" ]; then
    take_session_from_escrow "$4" "$6"
  elif [ ! -s "$stored" ]; then
    random_secret | write_secret "$stored" "$4" "$6"
    say "made a secret for $1"
  fi
  # The app takes an empty file for a mistake, so the first fallback is the key itself.
  [ "$1" != session ] || [ -s "$root/session/secret_key_fallbacks" ] || keep_as_fallback "$4" "$6"
}

# `restore --escrow` has brought it from another server: whoever was logged in there still is.
take_session_from_escrow() {
  fallbacks=$root/escrow/session_key_fallbacks
  [ ! -s "$fallbacks" ] ||
    write_secret "$root/session/secret_key_fallbacks" "$1" "$2" <"$fallbacks"
  write_secret "$root/session/secret_key" "$1" "$2" <"$root/escrow/session_key"
  say "took over the secret for session from the escrow"
}

adopt() {
  stored=$root/$1/$2
  brought=$(cat "$own/$3")
  [ -s "$stored" ] && [ "$(cat "$stored")" = "$brought" ] && return 0
  case $1 in
    # A running database still has the old one: bootstrap logs in with it, sets the new one, renames.
    superuser) [ ! -s "$stored" ] || stored=$stored.next ;;
    session) [ ! -s "$stored" ] || keep_as_fallback "$4" "$6" ;;
  esac
  printf '%s\n' "$brought" | write_secret "$stored" "$4" "$6"
  say "took over the secret for $1 from deploy/secrets/$3"
}

# One key a line, newest first. Two old keys are enough for two rotations within a session's life.
keep_as_fallback() {
  fallbacks=$root/session/secret_key_fallbacks
  current=$root/session/secret_key
  earlier=$(grep -vxF -f "$current" "$fallbacks" 2>/dev/null | head -n 1 || true)
  printf '%s\n' "$(cat "$current")" ${earlier:+"$earlier"} | write_secret "$fallbacks" "$1" "$2"
}

rotated=''
rotate_named() {
  [ "$1" = "$wanted" ] || return 0
  rotated=yes
  if [ -e "$own/$3" ]; then
    say "kept the secret for $1: it is brought as deploy/secrets/$3; change that file"
    return 0
  fi
  [ "$1" != session ] || keep_as_fallback "$4" "$6"
  random_secret | write_secret "$root/$1/$2" "$4" "$6"
  say "made a new secret for $1"
}

rotate() {
  wanted=${1:-}
  [ "$wanted" != superuser ] || refuse 2 \
    "the superuser's password is changed while the database runs, by" \
    "  $compose run --rm bootstrap rotate-superuser"
  for_each rotate_named
  [ -n "$rotated" ] || refuse 2 "rotate what? '$wanted' is not migrate, app-blue, app-green or session"
}

forget_cluster() {
  rm -f "$root/superuser/cluster"
  sync "$root/superuser"
  say "the cluster is forgotten: where its data is gone, 'up' begins an empty database"
  exit 0
}

# --- Commands ------------------------------------------------------------------------------------

[ -d "$root" ] || refuse 69 "$root is missing: expected the volumes of the secrets in it"
# Two runs at once take turns. The lock is the folder itself and ends with the process.
exec 9<"$root"
flock 9

[ "${1:-}" != forget-cluster ] || forget_cluster
"$check"
check_own_names
refuse_half_a_stack
for_each check_own
"$backups" check
case ${1:-ensure} in
  ensure | rotate)
    ! database_exists || for_each note_lost
    refuse_lost
    ;;
  recover) ;;
  *) refuse 2 "unknown command '$1': expected nothing, 'rotate NAME', 'recover' or 'forget-cluster'" ;;
esac

# From here on we change things.
for_each ensure
[ "${1:-ensure}" != rotate ] || rotate "${2:-}"
"$backups" prepare
