# shellcheck shell=bash
# shellcheck disable=SC2015,SC2034,SC2154  # "|| die" ends the run; variables are shared by setup-agent and its files
# "setup-agent csr": this host's guid and private key, and a request for a
# certificate. The key stays on this host. Sourced by setup-agent.

command_csr() {
  local key=$STAGE/agent.key installed
  [ -d "$STAGE" ] || die 36 "there is no staging directory $STAGE"
  installed=$(property guid)
  if [ -z "$GUID" ]; then GUID=${installed:-$(</proc/sys/kernel/random/uuid)}; fi
  need_openssl
  if [ "$GUID" = "$installed" ] && [ "$RENEW_KEY" = 0 ] && openssl pkey -in "$PKI/agent.key" -noout 2>>"$LOG"; then
    cp -- "$PKI/agent.key" "$key" || die 36 "cannot write $key"
  else
    openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$key" 2>>"$LOG" || die 36 "cannot make a key in $STAGE"
  fi
  chmod 600 "$key"
  openssl req -new -sha256 -key "$key" -subj "/CN=$GUID" -addext "subjectAltName=DNS:$GUID" -out "$STAGE/agent.csr" 2>>"$LOG" ||
    die 36 "openssl cannot make a request: $(one_line "$(tail -n 3 "$LOG")")"
  printf 'guid=%s\n' "$GUID" >&2
  cat "$STAGE/agent.csr"
}

# A minimal host may lack openssl. What is installed for it is noted in the stage,
# so that the run that follows counts it as its own.
need_openssl() {
  command -v openssl >/dev/null && return 0
  command -v apt-get >/dev/null || die 30 'this host has neither openssl nor apt-get'
  installed_packages > "$WORK/before"
  install_packages openssl
  installed_packages | comm -13 "$WORK/before" - > "$STAGE/csr.packages" || die 36 "cannot write in $STAGE"
}
