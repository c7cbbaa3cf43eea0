# shellcheck shell=bash
# shellcheck disable=SC2015,SC2034,SC2154  # "|| die" ends the run; variables are shared by setup-agent and its files
# The agent as a service that starts at boot: a systemd unit, or without systemd
# an init script around a small wrapper that starts it again when it dies. And the
# proof that it runs and is connected. Sourced by setup-agent.

UNIT=/etc/systemd/system/hostler-agent.service
INIT_SCRIPT=/etc/init.d/hostler-agent
AGENT_LOG=/var/log/hostler-agent.log      # without systemd
CONNECT_SECONDS=${SETUP_AGENT_CONNECT_SECONDS:-20}

unit_source() { # where the unit file is
  local f
  for f in "$STAGE/hostler-agent.service" "$HERE/hostler-agent.service"; do
    if [ -f "$f" ]; then printf '%s' "$f"; return; fi
  done
  printf '%s' "$HERE/../systemd/hostler-agent.service"
}

agent_pids() { # the agent itself, not its wrapper
  if has_systemd; then
    systemctl show -p MainPID --value hostler-agent.service 2>/dev/null | grep -vx 0
  else
    local pid
    pid=$(cat /run/hostler-agent.pid 2>/dev/null) && [ -d "/proc/$pid" ] && printf '%s\n' "$pid"
  fi
}

agent_deaths() { # how often it has died since it was started on purpose
  if has_systemd; then
    systemctl show -p NRestarts --value hostler-agent.service 2>/dev/null
  else
    cat /run/hostler-agent.deaths 2>/dev/null || echo 0
  fi
}

service_enabled() {
  if has_systemd; then unit_is enabled hostler-agent.service enabled; else [ -x "$INIT_SCRIPT" ] && [ -e /etc/rc2.d/S99hostler-agent ]; fi
}

plan_service() {
  PLAN=''
  if has_systemd; then
    cmp -s "$(unit_source)" "$UNIT" || PLAN="install $UNIT; "
  else
    cmp -s "$HERE/hostler-agent.init" "$INIT_SCRIPT" || PLAN="install $INIT_SCRIPT; "
  fi
  service_enabled || PLAN+='enable it at boot; '
  [ -n "$(agent_pids)" ] || PLAN+='start it; '
  PLAN=${PLAN%; }
}

apply_service() {
  local changed_before=$TOTAL_CHANGES_OF_FILES level
  if has_systemd; then
    [ -f "$(unit_source)" ] || die 36 'hostler-agent.service is missing'
    put_file "$(unit_source)" "$UNIT" 644
    journal service systemd
    if [ "$CHANGES" -gt 0 ]; then systemd daemon-reload; fi
    if ! service_enabled; then
      systemd enable hostler-agent.service || die 33 "systemctl cannot enable hostler-agent: $(last_log)"
      CHANGES=$((CHANGES + 1))
    fi
    if [ $((changed_before + CHANGES)) -gt 0 ] || ! unit_is active hostler-agent.service active; then
      systemd reset-failed hostler-agent.service
      systemd restart hostler-agent.service || die 33 "the agent does not start: $(unit_reason hostler-agent.service)"
      DEATHS=$(agent_deaths)
      CHANGES=$((CHANGES + 1))
    fi
  else
    put_file "$HERE/hostler-agent.init" "$INIT_SCRIPT" 755
    for level in 2 3 4 5; do put_link ../init.d/hostler-agent "/etc/rc$level.d/S99hostler-agent"; done
    for level in 0 1 6; do put_link ../init.d/hostler-agent "/etc/rc$level.d/K01hostler-agent"; done
    journal service initd
    if [ $((changed_before + CHANGES)) -gt 0 ] || [ -z "$(agent_pids)" ]; then
      "$INIT_SCRIPT" restart 9>&- </dev/null >>"$LOG" 2>&1 || die 33 "the agent does not start: $(agent_said)"
      DEATHS=0
      CHANGES=$((CHANGES + 1))
    fi
  fi
  DETAIL='enabled at boot, started'
}

agent_said() {
  if has_systemd; then unit_reason hostler-agent.service; else one_line "$(tail -n 2 "$AGENT_LOG" 2>/dev/null)"; fi
}

# First entry of a run; undone last, when the files are as they were.
journal_agent() {
  journal agent hostler-agent "$([ -n "$(agent_pids)" ] && echo on || echo off)" "$(service_enabled && echo on || echo off)"
}

# Comes after the service's files in the journal, so it is undone while they are there.
undo_service() { agent_stop; }

agent_stop() {
  if has_systemd; then
    [ ! -f "$UNIT" ] || systemd stop hostler-agent.service || undo_trouble 'the agent does not stop'
  elif [ -x "$INIT_SCRIPT" ]; then
    "$INIT_SCRIPT" stop 9>&- </dev/null >>"$LOG" 2>&1 || undo_trouble 'the agent does not stop'
  fi
  if has_systemd && ! service_was_enabled; then systemd disable hostler-agent.service; fi
}

service_was_enabled() { # at the beginning of what is being undone
  awk -F '\t' '$1 == "agent" && $4 == "on" {f = 1} END {exit !f}' "$UNDO_JOURNAL" 2>/dev/null
}

undo_agent() { # NAME RAN ENABLED
  if has_systemd; then
    systemd daemon-reload
    systemd reset-failed hostler-agent.service
  elif [ "$2" = off ]; then
    rm -f "$AGENT_LOG" "$AGENT_LOG.1"
  fi
  [ "$2" = on ] || return 0
  if has_systemd; then
    systemd start hostler-agent.service || undo_trouble 'the agent as it was before does not start'
  else
    "$INIT_SCRIPT" start 9>&- </dev/null >>"$LOG" 2>&1 || undo_trouble 'the agent as it was before does not start'
  fi
}

# ---- verify ----

plan_verify() { PLAN=''; }

agent_connection() { # prints the peer of an established connection of the agent to a manager's port
  local pid
  for pid in $(agent_pids); do
    ss -Htnp state established "( dport = :$PORT )" 2>/dev/null | awk -v p="pid=$pid," 'index($0, p) {print $4; exit}'
  done
}

# There is no event for "a connection was made" that a shell could wait for: look
# until it is there, the agent is gone, or time is up.
apply_verify() {
  local peer='' end=$((SECONDS + CONNECT_SECONDS)) idle
  exec {idle}<> <(:)
  while :; do
    go_on
    peer=$(agent_connection)
    [ -z "$peer" ] || break
    # just started, it must not die; one that has run for long may be between two lives
    agent_alive && [ "$(agent_deaths)" = "${DEATHS:-$(agent_deaths)}" ] || die 33 "the agent ended: $(agent_said)"
    [ "$SECONDS" -lt "$end" ] || break
    read -r -t 0.2 -u "$idle"
  done
  exec {idle}>&-
  [ -n "$peer" ] || die 34 "the agent runs, but has no connection to a manager within $CONNECT_SECONDS s: $(manager_reason)"
  service_enabled || die 33 'the agent is not enabled at boot'
  DETAIL="agent runs, is enabled, connected to $peer"
  REPORT_FACTS[connected_to]=$peer
}

agent_alive() {
  if has_systemd; then ! unit_is active hostler-agent.service failed && ! unit_is active hostler-agent.service inactive
  else "$INIT_SCRIPT" status >/dev/null 2>&1; fi
}

manager_reason() { # why not: each address tried from here
  local m text=''
  for m in ${MANAGERS//,/ }; do
    # shellcheck disable=SC2016  # the inner shell's
    if timeout 5 bash -c 'exec 3<>"/dev/tcp/$1/$2"' _ "$m" "$PORT" 2>/dev/null; then
      text+="$m:$PORT is open from here, so TLS or the manager refused: $(agent_said); "
    else
      text+="$m:$PORT cannot be reached from this host; "
    fi
  done
  printf '%s' "${text%; }"
}
