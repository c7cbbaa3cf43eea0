# shellcheck shell=bash
# shellcheck disable=SC2015,SC2034,SC2154  # "|| die" ends the run; variables are shared by setup-agent and its files
# What setup-agent tells its caller: a line a step, the reason of a failure, the
# RESULT line. Sourced by setup-agent.
#
# Not here: deciding or changing anything.

declare -a REPORT_STEPS=()      # JSON objects, one a step that was run
declare -A REPORT_FACTS=()      # what else RESULT says: init, guid, firewall, ...
FAIL_MESSAGE=''                 # why; empty while all is well

say() { printf '%s\n' "$*"; }

# die CODE TEXT...: ends the run; on_exit undoes, prints TEXT on stderr and RESULT.
# Never call it in a subshell.
die() {
  local code=$1
  shift
  FAIL_MESSAGE=$*
  exit "$code"
}

now_ms() { printf '%s' "$((${EPOCHREALTIME/./} / 1000))"; }

json_string() { # TEXT: as a JSON string, in one line
  local s=$1 out='' c i
  s=${s//\\/\\\\}
  s=${s//\"/\\\"}
  s=${s//$'\n'/\\n}
  s=${s//$'\t'/\\t}
  if [[ $s == *[[:cntrl:]]* ]]; then
    for ((i = 0; i < ${#s}; i++)); do
      c=${s:i:1}
      [[ $c == [[:cntrl:]] ]] || out+=$c
    done
    s=$out
  fi
  printf '"%s"' "$s"
}

one_line() { # TEXT: blanks and line ends squeezed, at most 400 bytes
  local s
  s=$(printf '%s' "$1" | tr -s '[:space:][:cntrl:]' ' ')
  s=${s# }
  printf '%s' "${s:0:400}"
}

report_step() { # NAME unchanged|changed|failed|planned MILLISECONDS DETAIL
  printf '%-9s %-9s %6d ms  %s\n' "$1" "$2" "$3" "$4"
  REPORT_STEPS+=("{\"name\":$(json_string "$1"),\"outcome\":$(json_string "$2"),\"ms\":$3,\"detail\":$(json_string "$4")}")
}

report_result() { # ok|planned|failed EXIT-CODE CHANGED(true|false) UNDONE(true|false)
  local key facts='' steps='' s
  for key in "${!REPORT_FACTS[@]}"; do
    facts+=",$(json_string "$key"):$(json_string "${REPORT_FACTS[$key]}")"
  done
  for s in "${REPORT_STEPS[@]}"; do steps+="${steps:+,}$s"; done
  printf 'RESULT {"action":%s,"result":%s,"exit":%d,"error":%s,"changed":%s,"undone":%s%s,"steps":[%s]}\n' \
    "$(json_string "$ACTION")" "$(json_string "$1")" "$2" \
    "$(if [ -n "$FAIL_MESSAGE" ]; then json_string "$FAIL_MESSAGE"; else printf null; fi)" \
    "$3" "$4" "$facts" "$steps"
}
