# shellcheck shell=bash
# shellcheck disable=SC2015,SC2034,SC2154  # "|| die" ends the run; variables are shared by setup-agent and its files
# libvirt: a stable host UUID, and a way in for other hosts (--libvirt-transport).
# Finds out how libvirt is started here (LV_MODE) and acts accordingly:
#
#   modular   systemd, virtqemud and virtproxyd sockets
#   socket    systemd, libvirtd's sockets
#   listen    systemd without the sockets: libvirtd --listen
#   initd     no systemd, /etc/init.d/libvirtd
#   plain     no systemd and no init script: the agent's own starts it at boot
#
# Success is a connection made, not a file written. libvirtd is restarted only
# when its settings changed; guests go on running then.
#
# Not here: qemu.conf, security drivers, the user that QEMU runs as: untouched.

ARGS_FILE=/etc/default/libvirtd

has_systemd() { [ -d /run/systemd/system ]; }

# systemctl without our lock and our input, bounded
systemd() { timeout 90 systemctl --no-ask-password "$@" 9>&- </dev/null >>"$LOG" 2>&1; }
unit_is() { [ "$(systemctl "is-$1" "$2" 2>/dev/null)" = "$3" ]; }    # active|enabled UNIT STATE

libvirt_detect() {
  if has_systemd; then
    if unit_is active virtqemud.socket active || unit_is active virtqemud.service active; then
      LV_MODE=modular
    elif unit_is enabled libvirtd.socket enabled || unit_is active libvirtd.socket active; then
      LV_MODE=socket
    else
      LV_MODE=listen
    fi
  elif [ -x /etc/init.d/libvirtd ]; then
    LV_MODE=initd
  else
    LV_MODE=plain
  fi
  LV_SERVICE=libvirtd.service LV_SOCKET='' LV_CONF=/etc/libvirt/libvirtd.conf
  if [ "$LV_MODE" = modular ]; then LV_SERVICE=virtproxyd.service LV_CONF=/etc/libvirt/virtproxyd.conf; fi
  case $LV_MODE:$TRANSPORT in
    *:none) ;;
    modular:*) LV_SOCKET=virtproxyd-$TRANSPORT.socket ;;
    socket:*) LV_SOCKET=libvirtd-$TRANSPORT.socket ;;
  esac
  case $TRANSPORT in tls) LV_PORT=16514 ;; tcp) LV_PORT=16509 ;; none) LV_PORT='' ;; esac
  REPORT_FACTS[libvirt_mode]=$LV_MODE
  REPORT_FACTS[libvirt_transport]=$TRANSPORT
}

# ---- the marked block in a configuration file ----

conf_strip() { # FILE: as it would be without us
  awk '/^# BEGIN hostler/ {skip = 1} !skip {sub(/^#hostler# /, ""); print} /^# END hostler/ {skip = 0}' "$1"
}

conf_render() { # FILE LINE...: the file with these settings; others' settings of the same name set aside
  local file=$1 line keys=' '
  shift
  for line in "$@"; do keys+="${line%%[ =]*} "; done
  if [ -f "$file" ]; then
    conf_strip "$file" | awk -v keys="$keys" '{
      k = $0; sub(/^[ \t]*/, "", k); sub(/[ \t=].*/, "", k)
      if (k != "" && index(keys, " " k " ")) print "#hostler# " $0; else print }'
  fi
  [ $# -gt 0 ] || return 0
  printf '# BEGIN hostler: written by setup-agent, taken out again by "setup-agent remove"\n'
  printf '%s\n' "$@"
  printf '# END hostler\n'
}

put_conf() { # FILE LINE...: sets LV_CHANGED when something changed
  local file=$1 mode=600 before=$CHANGES
  conf_render "$@" > "$WORK/conf"
  if [ -f "$file" ]; then mode=$(stat -c %a -- "$file"); fi
  if [ -f "$file" ] && cmp -s -- "$WORK/conf" "$file"; then return 0; fi
  put_file "$WORK/conf" "$file" "$mode" conf
  [ "$CHANGES" = "$before" ] || LV_CHANGED=1
}

libvirt_settings() { # prints the lines for the daemon that listens
  case $TRANSPORT in
    tls)
      [ "$LV_MODE" = modular ] || echo 'listen_tls = 1'
      printf 'key_file = "%s/agent.key"\ncert_file = "%s/agent.crt"\nca_file = "%s/ca.crt"\n' "$PKI" "$PKI" "$PKI" ;;
    tcp)
      [ "$LV_MODE" = modular ] || printf 'listen_tls = 0\nlisten_tcp = 1\n'
      printf 'auth_tcp = "none"\n' ;;
  esac
}

uuid_settings() { # FILE: where somebody has chosen a host UUID already, that stays
  if [ -f "$1" ] && conf_strip "$1" | grep -E '^[[:space:]]*host_uuid(_source)?[[:space:]]*=' >/dev/null; then return 0; fi
  # without it libvirt makes one up at each start, or shares it with a clone of this machine
  printf 'host_uuid = "%s"\n' "$GUID"
}

# ---- plan and apply ----

plan_libvirt() {
  PLAN=''
  if ! command -v libvirtd >/dev/null && ! command -v virtqemud >/dev/null; then
    PLAN="configure and start libvirt ($TRANSPORT) once it is installed"
    return 0
  fi
  libvirt_detect
  local -a lines=()
  libvirt_lines
  conf_render "$LV_CONF" "${lines[@]}" > "$WORK/conf"
  cmp -s "$WORK/conf" "$LV_CONF" || PLAN="set ${#lines[@]} keys in $LV_CONF and restart libvirt; "
  listening || PLAN+="open libvirt's port ${LV_PORT:-(none)} ($LV_MODE); "
  PLAN=${PLAN%; }
}

libvirt_lines() { # sets lines
  mapfile -t lines < <(libvirt_settings; [ "$LV_MODE" = modular ] || uuid_settings "$LV_CONF")
}

apply_libvirt() {
  local -a lines=()
  LV_CHANGED=0
  libvirt_detect
  libvirt_lines
  put_conf "$LV_CONF" "${lines[@]}"
  if [ "$LV_MODE" = modular ]; then
    mapfile -t lines < <(uuid_settings /etc/libvirt/virtqemud.conf)
    put_conf /etc/libvirt/virtqemud.conf "${lines[@]}"
  fi
  # the daemon reads its identity only when it starts
  if [ "$TRANSPORT" = tls ] && [ "$IDENTITY" = new ]; then LV_CHANGED=1; fi
  case $LV_MODE in
    listen | initd | plain) [ "$TRANSPORT" = none ] || put_listen_flag ;;
  esac
  close_other_socket
  libvirt_bring_up
  libvirt_prove
  [ "$TRANSPORT" != tcp ] || NOTES+=('WARNING: libvirt answers on TCP 16509 without authentication: who reaches that port controls this host; use --libvirt-transport tls')
  DETAIL="$LV_MODE, ${LV_PORT:+$TRANSPORT on port $LV_PORT, }proved by connecting"
}

# The way in that an earlier run has opened, if this one is told another.
close_other_socket() {
  local socket
  [ -f "$MANIFEST" ] && has_systemd || return 0
  while read -r socket; do
    if [ "$socket" = "$LV_SOCKET" ] || ! unit_is enabled "$socket" enabled; then continue; fi
    journal touched libvirt
    journal libvirt "$LV_MODE/$socket" on on on -
    systemd stop "$LV_SERVICE"
    systemd disable --now "$socket" || die 31 "cannot close $socket: $(last_log)"
    CHANGES=$((CHANGES + 1))
  done < <(awk -F '\t' '$1 == "libvirt" && $4 == "off" {sub(/.*\//, "", $2); if ($2 != "-") print $2}' "$MANIFEST")
}

put_listen_flag() { # libvirtd's --listen, keeping what else is in its arguments
  local args
  [ -f "$ARGS_FILE" ] || [ ! -f /etc/sysconfig/libvirtd ] || ARGS_FILE=/etc/sysconfig/libvirtd
  args=$(conf_strip_or_nothing "$ARGS_FILE" | sed -n 's/^[[:space:]]*LIBVIRTD_ARGS=//p' | tail -n 1)
  args=${args#[\"\']} args=${args%[\"\']}
  args=$(sed -E 's/--timeout[ =][0-9]+|-t [0-9]+//' <<<"$args")   # it must stay to listen
  case " $args " in
    *' --listen '* | *' -l '*) return 0 ;;
  esac
  put_conf "$ARGS_FILE" "LIBVIRTD_ARGS=\"$(one_line "$args --listen")\""
}

conf_strip_or_nothing() { [ ! -f "$1" ] || conf_strip "$1"; }

# ---- running it ----

process_runs() { # NAME: by its pid file
  local pid
  pid=$(cat "/run/$1.pid" 2>/dev/null) && [ -n "$pid" ] && [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = "$1" ]
}

libvirt_runs() {
  case $LV_MODE in
    modular | socket | listen) unit_is active "$LV_SERVICE" active ;;
    *) process_runs libvirtd ;;
  esac
}

libvirt_bring_up() {
  if [ "$LV_CHANGED" = 0 ] && listening && virsh_works qemu:///system; then return 0; fi
  journal touched libvirt
  case $LV_MODE in
    modular | socket)
      if [ "$LV_CHANGED" = 1 ] || { [ -n "$LV_SOCKET" ] && ! unit_is active "$LV_SOCKET" active; }; then
        # a socket cannot be opened beneath a service that runs already
        systemd stop "$LV_SERVICE"
        CHANGES=$((CHANGES + 1))
      fi
      if [ -n "$LV_SOCKET" ]; then
        systemd enable "$LV_SOCKET" || die 31 "systemctl cannot enable $LV_SOCKET: $(last_log)"
        systemd start "$LV_SOCKET" || die 31 "$LV_SOCKET does not start: $(unit_reason "$LV_SOCKET")"
      fi
      if [ "$LV_MODE" = modular ] && [ "$LV_CHANGED" = 1 ]; then systemd try-restart virtqemud.service; fi
      systemd start "$LV_SERVICE" || die 31 "$LV_SERVICE does not start: $(unit_reason "$LV_SERVICE")" ;;
    listen)
      systemd enable "$LV_SERVICE"
      systemd restart "$LV_SERVICE" || die 31 "$LV_SERVICE does not start: $(unit_reason "$LV_SERVICE")"
      CHANGES=$((CHANGES + 1)) ;;
    initd)
      libvirtd_script restart || die 31 "/etc/init.d/libvirtd restart failed: $(last_log)"
      CHANGES=$((CHANGES + 1)) ;;
    plain)
      libvirtd_stop
      libvirtd_start || die 31 "libvirtd does not start: $(libvirtd_reason)"
      CHANGES=$((CHANGES + 1)) ;;
  esac
}

libvirtd_start() (      # with the usual umask: what it makes in /run, QEMU's user must see
  umask 022
  LIBVIRTD_ARGS=''
  # shellcheck source=/dev/null
  if [ -f "$ARGS_FILE" ]; then . "$ARGS_FILE"; fi
  for d in virtlogd virtlockd; do
    process_runs "$d" || setsid "$d" -d 9>&- </dev/null >>"$LOG" 2>&1
  done
  # shellcheck disable=SC2086  # several words
  setsid libvirtd -d $LIBVIRTD_ARGS 9>&- </dev/null >>"$LOG" 2>&1
)

libvirtd_script() (umask 022 && exec /etc/init.d/libvirtd "$1" 9>&- </dev/null >>"$LOG" 2>&1)

# As a daemon it tells only syslog: ask it again in the foreground.
libvirtd_reason() {
  local LIBVIRTD_ARGS='' said
  # shellcheck source=/dev/null
  if [ -f "$ARGS_FILE" ]; then . "$ARGS_FILE"; fi
  # shellcheck disable=SC2086  # several words
  said=$(timeout 5 libvirtd $LIBVIRTD_ARGS 9>&- 2>&1 </dev/null | sed -n 's/.*: error : [^ ]* : //p' | head -n 1)
  one_line "${said:-$(tail -n 1 "$LOG")}"
}

libvirtd_stop() { stop_process libvirtd; }

stop_process() { # NAME: by its pid file, and wait for its end
  local pid
  process_runs "$1" || return 0
  pid=$(cat "/run/$1.pid")
  kill -TERM "$pid" 2>>"$LOG"
  timeout 20 tail -s 0.1 -f --pid="$pid" /dev/null || kill -KILL "$pid" 2>>"$LOG"
  timeout 5 tail -s 0.1 -f --pid="$pid" /dev/null
}

last_log() { one_line "$(tail -n 2 "$LOG")"; }

unit_reason() { # UNIT: the last thing it said
  local said
  said=$(journalctl -q -n 3 --no-pager -o cat -u "$1" 2>/dev/null)
  one_line "${said:-$(tail -n 2 "$LOG")}"
}

# ---- proof ----

listening() { # does anything listen on the port? (yes, too, when none is wanted)
  [ -z "$LV_PORT" ] || [ -n "$(ss -Hltn "( sport = :$LV_PORT )" 2>/dev/null)" ]
}

virsh_works() { # URI
  timeout 30 virsh -c "$1" version 9>&- </dev/null >>"$LOG" 2>&1
}

remote_uri() {
  case $TRANSPORT in
    tls) printf 'qemu+tls://127.0.0.1/system?no_verify=1&pkipath=%s' "$CLIENT_PKI" ;;
    tcp) printf 'qemu+tcp://127.0.0.1/system' ;;
  esac
}

libvirt_prove() {
  virsh_works qemu:///system || die 31 "libvirt does not answer on qemu:///system: $(last_log)"
  [ "$TRANSPORT" != none ] || return 0
  listening || die 31 "nothing listens on libvirt's port $LV_PORT (mode $LV_MODE)"
  if [ "$TRANSPORT" = tls ]; then
    # the server's side of the identity; virsh below proves the client's
    timeout 15 openssl s_client -connect "127.0.0.1:$LV_PORT" -CAfile "$PKI/ca.crt" -cert "$PKI/agent.crt" -key "$PKI/agent.key" \
      -verify_return_error -verify_hostname "$GUID" -brief </dev/null >>"$LOG" 2>&1 ||
      die 31 "libvirt's TLS on port $LV_PORT does not show the certificate of $GUID: $(last_log)"
  fi
  virsh_works "$(remote_uri)" || die 31 "libvirt does not answer at $(remote_uri): $(last_log)"
}

# ---- undo ----

# Asked of /run, not of libvirt: it may be stopped while its guests run.
domains_run() { # WORD: one with this word in its definition; "domain" is in all
  local f
  for f in /run/libvirt/qemu/*.pid; do
    # driver.pid is libvirtd's own
    if [ -f "$f" ] && [ "${f##*/}" != driver.pid ] && [ -d "/proc/$(<"$f")" ] &&
      grep -qs -- "$1" "${f%.pid}.xml"; then return 0; fi
  done
  return 1
}

undo_touched() { :; }

# How libvirt is before the run touches it or its certificate: undone after all these
# files are back, so that a daemon that was restarted reads the old ones again.
journal_libvirt() {
  libvirt_detect
  journal libvirt "$LV_MODE/${LV_SOCKET:--}" "$(libvirt_runs && echo on || echo off)" \
    "$(unit_is enabled "${LV_SOCKET:-none}" enabled && echo on || echo off)" \
    "$(unit_is active "${LV_SOCKET:-none}" active && echo on || echo off)" \
    "$(process_runs virtlogd && echo on || echo off)"
}

undo_libvirt() { # MODE/SOCKET RAN SOCKET-ENABLED SOCKET-ACTIVE VIRTLOGD-RAN
  local LV_MODE=${1%%/*} LV_SERVICE=libvirtd.service socket=${1#*/}
  shift
  set -- "$LV_MODE" "$socket" "$@"
  command -v libvirtd >/dev/null || command -v virtqemud >/dev/null || return 0
  grep -q "^touched" "$UNDO_JOURNAL" || return 0
  if [ "$1" = modular ]; then LV_SERVICE=virtproxyd.service; fi
  case $1 in
    modular | socket)
      if [ "$2" != - ] && has_systemd; then
        systemd stop "$LV_SERVICE"
        if [ "$4" = on ]; then systemd enable "$2"; else systemd disable "$2"; fi
        if [ "$5" = on ]; then systemd start "$2"; else systemd stop "$2"; fi
      fi
      if [ "$1" = modular ]; then systemd try-restart virtqemud.service; fi
      if [ "$3" = on ]; then systemd restart "$LV_SERVICE" || undo_trouble "$LV_SERVICE does not start"; fi ;;
    listen)
      if [ "$3" = on ]; then systemd restart "$LV_SERVICE"; else systemd stop "$LV_SERVICE"; fi || undo_trouble "$LV_SERVICE" ;;
    initd)
      if [ "$3" = on ] || domains_run domain; then set -- restart; else set -- stop; fi
      libvirtd_script "$1" || undo_trouble 'libvirtd does not start' ;;
    plain)
      if [ "$3" = on ] || domains_run domain; then
        libvirtd_stop
        libvirtd_start || undo_trouble 'libvirtd does not start'
      else
        libvirtd_stop
        if [ "${6:-on}" = off ]; then stop_process virtlogd; stop_process virtlockd; fi
      fi ;;
  esac
}
