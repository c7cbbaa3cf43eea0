# shellcheck shell=bash
# shellcheck disable=SC2015,SC2034,SC2154  # "|| die" ends the run; variables are shared by setup-agent and its files
# The packages a host needs, by apt. Sourced by setup-agent; "preflight" has the
# same list (it is sent alone).
#
# Not here: starting what was installed (libvirt.sh); a package that is installed
# may well not run (policy-rc.d).

APT_OPTIONS=(-y -q -o APT::Install-Recommends=false
  -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold
  -o DPkg::Lock::Timeout=120 -o Acquire::Retries=1
  -o Acquire::http::Timeout=20 -o Acquire::https::Timeout=20 -o Acquire::ftp::Timeout=20)
APT_SECONDS=900         # one apt-get may take this long

# What apt, dpkg and their scripts write must have its usual modes.
apt() { (umask 022 && exec timeout "$APT_SECONDS" apt-get "$@" 9>&- </dev/null); }

needed_packages() {
  local qemu=qemu-system-x86
  if [ "$(uname -m)" = aarch64 ]; then qemu="qemu-system-arm"; fi
  printf '%s\n' libvirt-daemon-system libvirt-clients "$qemu" qemu-utils \
    dnsmasq-base genisoimage nftables iproute2 openssl procps
}

missing_packages() {
  local p
  for p in $(needed_packages); do
    # shellcheck disable=SC2016  # dpkg-query's own variables
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null)" = installed ] || printf '%s\n' "$p"
  done
}

# shellcheck disable=SC2016  # dpkg-query's own variables
installed_packages() { dpkg-query -W -f '${db:Status-Status} ${Package}\n' | awk '$1 == "installed" {print $2}' | sort; }

plan_packages() {
  local missing
  command -v apt-get >/dev/null || die 30 'this host has no apt-get; only Debian and Ubuntu can be prepared'
  missing=$(missing_packages | tr '\n' ' ')
  PLAN=${missing:+install ${missing% }}
}

apply_packages() {
  local -a missing=()
  local early
  # what "csr" had to install, a moment ago, counts as installed by this run
  if [ -s "$STAGE/csr.packages" ]; then
    early=$(tr '\n' ' ' < "$STAGE/csr.packages")
    journal packages csr names "${early% }"
    CHANGES=$((CHANGES + 1))
  fi
  mapfile -t missing < <(missing_packages)
  if [ ${#missing[@]} -eq 0 ]; then
    DETAIL="all present${early:+, installed before: ${early% }}"
    return 0
  fi
  installed_packages > "$RUN_DIR/packages.before"
  journal packages "$(date -u +%Y%m%dT%H%M%SZ)" "$RUN_DIR/packages.before"
  CHANGES=$((CHANGES + 1))
  install_packages "${missing[@]}"
  # from here on it is known exactly what came in; that list is what is kept
  installed_packages | comm -13 "$RUN_DIR/packages.before" - | tr '\n' ' ' > "$RUN_DIR/packages.new"
  [ -s "$RUN_DIR/packages.new" ] || die 30 "apt-get installed nothing, though missing: ${missing[*]}"
  journal_packages_known
  DETAIL="installed ${missing[*]}"
}

install_packages() { # NAME...
  # Lists may be old or absent. A failing update is not the end: what is listed may suffice.
  apt update "${APT_OPTIONS[@]}" >>"$LOG" 2>&1
  local from
  from=$(stat -c %s "$LOG")
  apt install "${APT_OPTIONS[@]}" "$@" >>"$LOG" 2>&1 && return 0
  die 30 "cannot install $*: $(apt_reason "$from"); give the host a package source it can reach, or install them by hand"
}

apt_reason() { # OFFSET: the first error in the log from there
  local reason
  reason=$(tail -c "+$(($1 + 1))" "$LOG" | grep -m1 -E '^(E|Err)[: ]|dpkg: error')
  one_line "${reason:-apt-get failed or took more than $APT_SECONDS s, see $LOG}"
}

journal_packages_known() { # the journal's line gets the names
  local names fresh=$JOURNAL.x
  names=$(<"$RUN_DIR/packages.new")
  awk -F '\t' -v OFS='\t' -v n="${names% }" '$1 == "packages" && $3 !~ / / && $3 ~ /packages.before$/ {$3 = "names"; $4 = n} {print}' \
    "$JOURNAL" > "$fresh" && mv -f -- "$fresh" "$JOURNAL" || die 36 "cannot write $JOURNAL"
}

undo_packages() { # RUN names NAMES | RUN FILE-WITH-THE-LIST-BEFORE
  local -a names=()
  local name others
  if [ "$KEEP_PACKAGES" = 1 ]; then return 0; fi
  if [ "$2" = names ]; then
    for name in $3; do names+=("$name"); done
  elif [ -f "$2" ]; then
    mapfile -t names < <(installed_packages | comm -13 "$2" -)
  fi
  mapfile -t names < <(for name in "${names[@]}"; do still_there "$name" && printf '%s\n' "$name"; done)
  if [ ${#names[@]} -eq 0 ]; then return 0; fi
  if domains_run domain; then undo_trouble "packages stay: VMs run on this host"; return 0; fi
  others=$(others_that_go "${names[@]}")
  if [ -n "$others" ]; then undo_trouble "packages stay: $others would go with them"; return 0; fi
  apt purge "${APT_OPTIONS[@]}" "${names[@]}" >>"$LOG" 2>&1 ||
    undo_trouble "cannot purge ${names[*]}"
}

# shellcheck disable=SC2016  # dpkg-query's own variables
still_there() { [[ $(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) =~ ^(installed|half|unpacked|config|trigger) ]]; }

others_that_go() { # NAME...: what apt would remove besides
  local name
  apt -s purge "${APT_OPTIONS[@]}" "$@" 2>/dev/null | awk '$1 == "Purg" || $1 == "Remv" {print $2}' | sort -u |
    while read -r name; do [[ " $* " == *" $name "* ]] || printf '%s ' "$name"; done
}
