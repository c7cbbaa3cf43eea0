# shellcheck shell=bash
# shellcheck disable=SC2015,SC2034,SC2154  # "|| die" ends the run; variables are shared by setup-agent and its files
# The journal: every change of this host is written down, with what was there
# before, ahead of being made. A failed run is undone from it, line by line from
# the end; of a successful one the lines join the manifest, from which "remove"
# brings back the host as it was before Hostler. Sourced by setup-agent.
#
# A line is: kind TAB key TAB more... ; undo_KIND is called with key and more.
# Every undo is idempotent: the change may never have been made.
#
# Not here: undo_KIND of packages, libvirt, firewall and service, each in its file.

STATE_DIR=/var/lib/hostler-agent
SETUP_DIR=$STATE_DIR/setup
MANIFEST=$SETUP_DIR/manifest    # what all successful runs have changed
RUN_DIR=$SETUP_DIR/run          # this run; left behind only by a killed one
JOURNAL=$RUN_DIR/journal
IN_RUN=0
CHANGES=0                       # changes made since the step began
declare -a UNDO_TROUBLE=()
declare -a KEPT_DIRS=()         # made by setup-agent, in use by now

journal_begin() {
  local made=kept
  if [ -f "$JOURNAL" ]; then
    say 'an earlier run was interrupted; undoing what it had begun'
    journal_undo "$JOURNAL"
    [ ${#UNDO_TROUBLE[@]} -eq 0 ] ||
      die 36 "an earlier run was interrupted and cannot be undone: ${UNDO_TROUBLE[*]}"
  fi
  [ -d "$STATE_DIR" ] || made=made
  mkdir -p "$SETUP_DIR" && chmod 711 "$STATE_DIR" && chmod 700 "$SETUP_DIR" ||
    die 36 "cannot make $SETUP_DIR"
  rm -rf "$RUN_DIR"
  mkdir -p "$RUN_DIR/backup" && : > "$JOURNAL" || die 36 "cannot write in $SETUP_DIR"
  IN_RUN=1
  journal state "$STATE_DIR" "$made"
}

journal() { # KIND KEY MORE...: to be called before the change
  local IFS=$'\t'
  printf '%s\n' "$*" >> "$JOURNAL" || die 36 "cannot write $JOURNAL"
}

backup_of() { # PATH: sets BACKUP to the name of a copy, or to "-" when there is nothing to copy
  BACKUP=-
  if [ -e "$1" ] || [ -L "$1" ]; then
    BACKUP=$(printf '%s' "$1" | sha256sum)
    BACKUP=${BACKUP:0:20}
    if [ ! -e "$RUN_DIR/backup/$BACKUP" ]; then
      cp -a --no-dereference -- "$1" "$RUN_DIR/backup/$BACKUP" || die 36 "cannot keep a copy of $1"
    fi
  fi
}

make_dir() { # PATH MODE: and its parents (0755)
  local parent
  parent=$(dirname -- "$1")
  [ -d "$parent" ] || make_dir "$parent" 755
  if [ -d "$1" ]; then return 0; fi
  journal dir "$1"
  { mkdir -- "$1" && chmod "$2" -- "$1"; } 2>>"$LOG" || die 36 "cannot make the directory $1"
  CHANGES=$((CHANGES + 1))
}

put_file() { # SOURCE PATH MODE [KIND]: a file of root's with this content; untouched if it is there
  local source=$1 path=$2 mode=$3 kind=${4:-file} fresh
  if [ -f "$path" ] && [ ! -L "$path" ] && cmp -s -- "$source" "$path" &&
    [ "$(stat -c %a:%u:%g -- "$path")" = "$mode:0:0" ]; then
    return 0
  fi
  make_dir "$(dirname -- "$path")" 755
  backup_of "$path"
  journal "$kind" "$path" "$BACKUP" "$(hash_of "$source")"
  fresh=$path.hostler-new
  if ! { cp -- "$source" "$fresh" && chown 0:0 -- "$fresh" && chmod "$mode" -- "$fresh" && mv -fT -- "$fresh" "$path"; } 2>>"$LOG"; then
    rm -f -- "$fresh"
    die 36 "cannot write $path ($(df -Pm -- "$(dirname -- "$path")" | awk 'NR == 2 {print $4}') MiB free there)"
  fi
  CHANGES=$((CHANGES + 1))
}

put_link() { # TARGET PATH
  if [ -L "$2" ] && [ "$(readlink -- "$2")" = "$1" ]; then return 0; fi
  make_dir "$(dirname -- "$2")" 755
  backup_of "$2"
  journal file "$2" "$BACKUP" -
  ln -sfnT -- "$1" "$2" 2>>"$LOG" || die 36 "cannot make the link $2"
  CHANGES=$((CHANGES + 1))
}

hash_of() { local h; h=$(sha256sum < "$1") && printf '%s' "${h%% *}"; }

# ---- undoing ----

undo_trouble() { UNDO_TROUBLE+=("$*"); }

undo_state() { # PATH made|kept
  if [ "$2" = made ]; then REMOVE_STATE=1; fi
}

undo_dir() { # a directory that was made; files in it, such as guests' disks, stay
  if [ -d "$1" ]; then find "$1" -xdev -depth -type d -empty -delete 2>/dev/null; fi
  if [ -d "$1" ]; then KEPT_DIRS+=("$1"); fi
}

undo_file() { # PATH BACKUP HASH
  rm -f -- "$1.hostler-new"
  if [ "$2" = - ]; then
    rm -f -- "$1" || undo_trouble "cannot remove $1"
  elif [ ! -e "$UNDO_BACKUPS/$2" ] && [ ! -L "$UNDO_BACKUPS/$2" ]; then
    undo_trouble "the copy of $1 is gone"
  elif [ ! -L "$1" ] && [ ! -L "$UNDO_BACKUPS/$2" ] && [ -f "$1" ] && cmp -s -- "$1" "$UNDO_BACKUPS/$2" &&
    [ "$(stat -c %a:%u:%g -- "$1")" = "$(stat -c %a:%u:%g -- "$UNDO_BACKUPS/$2")" ]; then
    return 0
  else
    { cp -a --no-dereference -- "$UNDO_BACKUPS/$2" "$1.hostler-new" && mv -fT -- "$1.hostler-new" "$1"; } ||
      undo_trouble "cannot restore $1"
  fi
}

# A file shared with others, in which only a marked block is ours: as it was, or,
# if somebody has edited it since, with only our marks taken out.
undo_conf() { # PATH BACKUP HASH
  local fresh=$1.hostler-new
  if [ ! -f "$1" ] || [ "$2" = - ] || [ "$(hash_of "$1")" = "$3" ]; then
    undo_file "$@"
    return
  fi
  if grep -q '^# BEGIN hostler' -- "$1"; then
    { conf_strip "$1" > "$fresh" && chmod --reference="$1" -- "$fresh" &&
      chown --reference="$1" -- "$fresh" && mv -fT -- "$fresh" "$1"; } || undo_trouble "cannot restore $1"
  fi
}

# journal_undo FILE: everything in it, last line first. Goes on after trouble.
journal_undo() {
  local line kind i
  local -a lines=() fields=()
  UNDO_JOURNAL=$1
  UNDO_BACKUPS=$(dirname -- "$1")/backup
  REMOVE_STATE=0
  mapfile -t lines < "$1"
  for ((i = ${#lines[@]} - 1; i >= 0; i--)); do
    line=${lines[i]}
    IFS=$'\t' read -r -a fields <<<"$line"
    kind=${fields[0]:-}
    [ -n "$kind" ] || continue
    if declare -F "undo_$kind" >/dev/null; then
      "undo_$kind" "${fields[@]:1}" 2>>"$LOG"
    else
      undo_trouble "unknown entry $kind in $1"
    fi
  done
  IN_RUN=0
  if [ ${#UNDO_TROUBLE[@]} -gt 0 ]; then return 0; fi   # keep the copies for a second try
  rm -rf "$RUN_DIR"
  if [ "$1" = "$MANIFEST" ]; then rm -rf "$SETUP_DIR"; fi
  [ -f "$MANIFEST" ] || rmdir "$SETUP_DIR" 2>/dev/null || true
  [ "$REMOVE_STATE" = 1 ] && [ ! -f "$MANIFEST" ] || return 0
  # what serves guests that still run (their DHCP leases) is kept there
  if domains_run hostler; then KEPT_DIRS+=("$STATE_DIR"); else rm -rf "${STATE_DIR:?}"; fi
}

# The run was a success: what it changed first of all stays the way back.
journal_commit() {
  local line kind key backup fresh=$MANIFEST.new
  mkdir -p "$SETUP_DIR/backup"
  { [ ! -f "$MANIFEST" ] || cat "$MANIFEST"; } > "$fresh" || die 36 "cannot write $fresh"
  while IFS= read -r line; do
    IFS=$'\t' read -r kind key backup _ <<<"$line"
    if manifest_has "$kind" "$key"; then
      case $kind in
        file | conf) manifest_rehash "$fresh" "$line" ;;
      esac
      continue
    fi
    case $kind in
      file | conf)
        if [ "$backup" != - ]; then mv -fT -- "$RUN_DIR/backup/$backup" "$SETUP_DIR/backup/$backup" || die 36 'cannot keep the copies'; fi ;;
    esac
    printf '%s\n' "$line" >> "$fresh" || die 36 "cannot write $fresh"
  done < "$JOURNAL"
  mv -f -- "$fresh" "$MANIFEST" || die 36 "cannot write $MANIFEST"
  IN_RUN=0
  rm -rf "$RUN_DIR"
}

manifest_has() { # KIND KEY
  [ -f "$MANIFEST" ] && awk -F '\t' -v k="$1" -v p="$2" '$1 == k && $2 == p {f = 1} END {exit !f}' "$MANIFEST"
}

manifest_rehash() { # FILE LINE: the hash of what we wrote last
  local kind key hash
  IFS=$'\t' read -r kind key _ hash <<<"$2"
  awk -F '\t' -v OFS='\t' -v k="$kind" -v p="$key" -v h="$hash" '$1 == k && $2 == p {$4 = h} {print}' "$1" > "$1.x" &&
    mv -f -- "$1.x" "$1" || die 36 "cannot write $1"
}
