#!/bin/sh
# What backups need before the database starts: their folder on the host, and their keys.
#
#   hesap-backups check     refuse what cannot be; nothing is changed
#   hesap-backups prepare   make what is missing, and renew the copies that the escrow is made of
#
# Called by `secrets`, which takes the lock. Keys of a cluster that has a repository already are never
# made anew: what is in there could not be read any more.
set -eu
umask 077

root=${SECRETS_ROOT:-/run/secrets}
own=${OWN_SECRETS:-/run/own-secrets}
folder=${BACKUPS_FOLDER:-/backups}
named='the folder BACKUP_DIR (in .env; unless set, STACK_NAME-backups beside the checkout)'
owner=999
# A database that somebody else runs is dumped, by a key that the dumps' own service makes.
external=${EXTERNAL_DATABASE:-}
group=${BACKUP_GID:-999}

refuse() {
  code=$1
  shift
  printf 'backups: %s\n' "$@" >&2
  exit "$code"
}

# --- Checks --------------------------------------------------------------------------------------

# A word that pgBackRest does not take would stop the archive, and fill the disk of the data.
check_settings() {
  case ${BACKUPS:-on} in
    on | off) ;;
    *) refuse 78 "BACKUPS='$BACKUPS' is not accepted (use on or off)" ;;
  esac
  case $group in
    '' | *[!0-9]*) refuse 78 "BACKUP_GID='$group' is not accepted (use a group's number)" ;;
  esac
  printf '%s\n' "${BACKUP_QUEUE_MAX:-1GiB}" | grep -qxE '[1-9][0-9]{0,5}[MG]iB' ||
    refuse 78 "BACKUP_QUEUE_MAX='$BACKUP_QUEUE_MAX' is not accepted (use a size like 512MiB or 1GiB)"
}

is_brought() { [ -e "$own/$1" ] || [ -L "$own/$1" ]; }

# Whom to notify is brought as a file or as a variable. It is never shown: it may hold a token.
check_notify_url() {
  if is_brought backup_notify_url; then
    [ -z "${BACKUP_NOTIFY_URL:-}" ] || refuse 78 \
      "both deploy/secrets/backup_notify_url and BACKUP_NOTIFY_URL are set; nothing was changed" \
      "hint: keep one of them"
    [ -f "$own/backup_notify_url" ] && [ -s "$own/backup_notify_url" ] || refuse 78 \
      "deploy/secrets/backup_notify_url is empty or no plain file; nothing was changed"
  fi
  url=$(notify_url)
  case $url in
    *[[:space:][:cntrl:]]*) wrong='holds a space or a line break' ;;
    '' | https://[!/]* | http://[!/]*) wrong= ;;
    *) wrong='is no address of a web service' ;;
  esac
  host=${url#*://}
  case ${host%%[/?#]*} in *@*) wrong='holds the name of a user' ;; esac
  [ -z "$wrong" ] || refuse 78 \
    "BACKUP_NOTIFY_URL $wrong: expected https://HOST/PATH; nothing was changed"
}

notify_url() {
  if is_brought backup_notify_url; then cat "$own/backup_notify_url"; else
    printf %s "${BACKUP_NOTIFY_URL:-}"
  fi
}

# Somebody's home named by mistake must not change hands.
check_folder() {
  [ -d "$folder" ] || refuse 78 "$named is no folder; nothing was changed"
  [ "$(stat -c %u "$folder")" = "$owner" ] || for path in "$folder"/* "$folder"/.[!.]*; do
    case ${path##*/} in
      '*' | '.[!.]*' | lost+found | copies | dumps-*) ;;
      *[!0-9]*) refuse 77 "$named holds something else: ${path##*/}; nothing was changed" \
        "hint: name an empty folder, or one that holds the backups of another stack" ;;
    esac
  done
}

# Print the folder of this cluster, if there is a cluster and a repository in it.
repository() {
  [ -e "$PGDATA/PG_VERSION" ] || return 0
  identifier=$(LC_ALL=C pg_controldata -D "$PGDATA" | sed -n 's/^Database system identifier: *//p')
  [ -z "$(ls -A "$folder/$identifier/repository" 2>/dev/null)" ] || echo "$identifier"
}

check_keys() {
  identifier=$(repository)
  [ -n "$identifier" ] || return 0
  for name in repository.conf manifest_key; do
    [ -s "$root/backup/$name" ] || [ -s "$root/escrow/$name" ] || refuse 77 \
      "the key of the backups is lost, $name: there are backups of this cluster in $identifier of" \
      "$named." \
      "The data is untouched, nothing was changed. The escrow file that keygen wrote holds the key." \
      "Without it: move $identifier out of that folder, and the next 'up' begins new backups"
  done
}

# --- Preparing -----------------------------------------------------------------------------------

# Root without the capability FOWNER may set the mode only of what it still owns: mode, then owner.
prepare_folder() {
  [ "$(stat -c '%u:%g %a' "$folder")" != "$owner:$group 2750" ] || return 0
  # The folder comes last: it tells the next run that a killed one has given everything away. Brought
  # from another server by root, what is in it is root's.
  {
    find "$folder" -mindepth 1 -exec chown -h "$owner:$group" {} + &&
      chown 0:0 "$folder" && chmod 2750 "$folder" && chown "$owner:$group" "$folder"
  } || refuse 78 \
    "$named cannot be given to user $owner: expected a file system that knows owners" \
    "hint: name another folder, or set BACKUPS=off"
}

put() {
  cat >"$1.tmp"
  chmod 0400 "$1.tmp"
  chown 999:999 "$1.tmp"
  sync "$1.tmp"
  mv -f "$1.tmp" "$1"
  sync "$(dirname "$1")"
}

prepare_secrets() {
  mkdir -p "$1"
  rm -f "$1"/*.tmp
  [ "$(stat -c '%u:%g %a' "$1")" = "999:999 $2" ] && return 0
  chown 0:0 "$1"
  chmod "$2" "$1"
  chown 999:999 "$1"
}

# What `restore --escrow` has brought from another server; what is there already stays.
take_from_escrow() {
  [ -s "$root/backup/$1" ] || [ ! -s "$root/escrow/$1" ] || put "$root/backup/$1" <"$root/escrow/$1"
}

make_keys() {
  take_from_escrow repository.conf
  take_from_escrow manifest_key
  if [ ! -s "$root/backup/repository.conf" ]; then
    pass=$(head -c 48 /dev/urandom | base64 -w 0)
    printf '[global]\nrepo1-cipher-pass=%s\n' "$pass" | put "$root/backup/repository.conf"
  fi
  if [ ! -s "$root/backup/manifest_key" ]; then
    identity=$(age-keygen 2>/dev/null | grep '^AGE-SECRET-KEY-')
    printf '%s\n' "$identity" | put "$root/backup/manifest_key"
  fi
}

# The database archives, and so it needs the pass; of the other keys it sees nothing.
copy() {
  cmp -s "$1" "$2" || put "$2" <"$1"
}

prepare_keys() {
  prepare_secrets "$root/backup" 500
  hand_over_notify_url
  [ -z "$external" ] || return 0
  prepare_secrets "$root/repository" 500
  prepare_secrets "$root/escrow" 700
  make_keys
  copy "$root/backup/repository.conf" "$root/repository/repository.conf"
  for name in secret_key secret_key_fallbacks; do
    copy "$root/session/$name" "$root/backup/session_${name#secret_}"
  done
  # By now everything of it is where it belongs: `secrets` has taken the session's keys before.
  rm -f "$root"/escrow/*
}

hand_over_notify_url() {
  kept=$root/backup/notify_url
  url=$(notify_url)
  if [ -z "$url" ]; then
    rm -f "$kept"
  elif [ ! -s "$kept" ] || [ "$(cat "$kept")" != "$url" ]; then
    printf '%s\n' "$url" | put "$kept"
  fi
}

case ${1:-} in
  check)
    check_settings
    check_notify_url
    [ "${BACKUPS:-on}" = off ] || check_folder
    [ -n "$external" ] || check_keys
    ;;
  prepare)
    [ "${BACKUPS:-on}" = off ] || prepare_folder
    prepare_keys
    ;;
  *) refuse 2 "expected check or prepare" ;;
esac
