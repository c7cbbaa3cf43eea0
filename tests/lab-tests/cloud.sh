# shellcheck shell=bash
# cloud.sh -- a cloud of its own for one journey: a manager and an image worker
# from debug binaries, and the lab's hosts. Here live starting and ending them and
# counting claims; what is claimed is in the journeys. Sourced, not run.
#
# Who sources it sets PORT (the API's), AGENT_BINARY if hosts are to get another, and PING_INTERVAL if they are not to
# give a sign of life every two seconds. It gives WORK (a directory that ends with the journey) and ends what it started
# when the journey ends.

HERE=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
PROJECT=$(dirname "$(dirname "$HERE")")
BIN=${CARGO_TARGET_DIR:-$PROJECT/target}/debug
export LAB_NAME=${LAB_NAME:-hlabtest} LAB_NET=${LAB_NET:-10.97.0}
WORK=$(mktemp -d /var/tmp/hostler-lab-test.XXXXXX)
STATE=$WORK/state
# shellcheck disable=SC2034  # for the journeys
GUEST=/var/cache/hostler-lab/guest.qcow2
passed=0 failed=0
MANAGER_PID='' WORKER_PID=''

lab() { "$PROJECT/tests/lab/lab" "$@"; }
on_host() { lab exec h1 "$@"; }
hostler() { "$BIN/hostler" "$@"; }
not() { ! "$@"; }

claim() { # TEXT CMD...: the sentence holds if the command succeeds
  local text=$1 begun=$EPOCHREALTIME word
  shift
  if "$@" >"$WORK/claim.log" 2>&1; then
    passed=$((passed + 1)) word='ok    '
  else
    failed=$((failed + 1)) word=FAILED
  fi
  printf '%s %6.1f s  %s\n' "$word" "$(awk -v a="$begun" -v b="$EPOCHREALTIME" 'BEGIN {print b - a}')" "$text"
  [ "$word" != FAILED ] || tail -n 8 "$WORK/claim.log" | sed 's/^/         | /'
}

soon() { # CMD...: try until it succeeds; after four minutes it is given up, on the slowest of machines
  local end=$((SECONDS + 240))
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $end ] || return 1
    sleep 0.2
  done
}

start_manager() {
  cat > "$WORK/manager.toml" <<TOML
state_dir = "$STATE"
api_listen = "127.0.0.1:$PORT"
agent_listen = "$LAB_NET.1:8250"
agent_addresses = ["$LAB_NET.1"]
agent_binary = "${AGENT_BINARY:-$BIN/hostler-agent}"
agent_scripts = "$PROJECT/agent-scripts"
[settings]
"ping.interval" = ${PING_INTERVAL:-2}
"vm.stop.grace.seconds" = 30
TOML
  setsid "$BIN/hostler-manager" --config "$WORK/manager.toml" </dev/null >>"$WORK/manager.log" 2>&1 &
  MANAGER_PID=$!
  disown $!
  soon curl -sf -o /dev/null "http://127.0.0.1:$PORT/healthz"
  soon test -s "$STATE/admin.env"
  set -a
  # shellcheck source=/dev/null
  . "$STATE/admin.env"
  set +a
}

start_worker() {
  soon test -s "$STATE/image-worker/agent.properties"
  setsid "$BIN/hostler-agent" --config "$STATE/image-worker/agent.properties" \
    --set "secondary.storage.listen=0.0.0.0:$((PORT + 1000))" --set "secondary.storage.address=$LAB_NET.1" \
    --set "secondary.storage.public.listen=127.0.0.1:$((PORT + 2000))" \
    --set "secondary.storage.public.url=http://127.0.0.1:$((PORT + 2000))" \
    </dev/null >>"$WORK/worker.log" 2>&1 &
  WORKER_PID=$!
  disown $!
}

describe_cloud() {
  hostler -q zone create lab --network-type Advanced >/dev/null
  hostler -q pod create pod --zone lab --gateway "$LAB_NET.1" --netmask 255.255.255.0 \
    --start "$LAB_NET.200" --end "$LAB_NET.250" >/dev/null
  hostler -q cluster create cluster --zone lab --pod pod >/dev/null
  hostler -q network create guests --zone lab --gateway 10.78.0.1 --netmask 255.255.255.0 \
    --start 10.78.0.100 --end 10.78.0.150 >/dev/null
  hostler -q offering create tiny --cpu 1 --mhz 500 --memory 160 >/dev/null
}

kill_libvirtd() { # on h1, where no systemd starts it again; who was just killed may still hold its lock
  on_host pkill -9 -x libvirtd
  soon on_host sh -c 'libvirtd -d --listen || libvirtd -d'
}

add_host() { # ARGUMENT...: h1, with the lab's key unless told otherwise
  hostler host add "root@$LAB_NET.11" --zone lab --pod pod --cluster "${CLUSTER:-cluster}" "$@"
}
lab_key() { lab env | sed -n 's/^LAB_KEY=//p'; }

host_is() { [ "$(hostler -o json host show h1 | jq -r .state)" = "$1" ]; }
agent_pid() { on_host pgrep -xo hostler-agent; }
another_agent() { local pid; pid=$(agent_pid) && [ "$pid" != "$1" ]; }
vm_field() { hostler -o json vm show "$1" | jq -r ".$2 // \"\""; }
answers() { lab client curl -sf -m 2 "http://$1/"; }

leave() {
  local code=$? pid
  for pid in $WORKER_PID $MANAGER_PID; do kill -9 "$pid" 2>/dev/null || true; done
  lab down >/dev/null 2>&1 || true
  if [ $code != 0 ] || [ "$failed" != 0 ]; then
    echo '--- the end of what the manager and the image worker said'
    tail -n 15 "$WORK/manager.log" "$WORK/worker.log" 2>/dev/null || true
  fi
  rm -rf "$WORK"
}
trap leave EXIT
trap 'echo "FAILED  what is no claim, line $LINENO: $BASH_COMMAND"' ERR

verdict() {
  printf '\n%d passed, %d failed\n' "$passed" "$failed"
  [ "$failed" = 0 ]
}
