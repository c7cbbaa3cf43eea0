# shellcheck shell=bash
# shellcheck disable=SC2015,SC2034,SC2154  # "|| die" ends the run; variables are shared by setup-agent and its files
# What the host gets: the storage directory, the agent, its configuration and
# identity, and a copy of these scripts. Also the check of the network devices,
# which are only looked at. Sourced by setup-agent.

AGENT=/usr/bin/hostler-agent
CONFIG_DIR=/etc/hostler
PROPERTIES=$CONFIG_DIR/agent.properties
PKI=$CONFIG_DIR/pki
CLIENT_PKI=$PKI/libvirt         # the names that libvirt's "pkipath" wants
INSTALLED_SCRIPTS=/usr/lib/hostler
MIN_FREE_MB=1024
MIN_VALID_SECONDS=2592000       # a certificate that ends within 30 days is replaced

# ---- network: never configured, only checked ----

plan_network() {
  local routed
  PLAN=''
  [ -e "/sys/class/net/$GUEST_NIC" ] ||
    die 32 "there is no bridge $GUEST_NIC for the guests; make one and keep it over reboots (now: ip link add $GUEST_NIC type bridge && ip link set $GUEST_NIC up && ip link set <guest NIC> master $GUEST_NIC), or name another by --guestNic"
  [ -d "/sys/class/net/$GUEST_NIC/bridge" ] ||
    die 32 "$GUEST_NIC is not a bridge; --guestNic must name a Linux bridge (ip link add br0 type bridge && ip link set $GUEST_NIC master br0; mind that addresses move to br0)"
  # the caller can only guess this one before iproute2 is there
  if [ ! -e "/sys/class/net/$PRIVATE_NIC" ] || ! has_route "$PRIVATE_NIC"; then
    routed=$(route_device)
    if [ -n "$routed" ]; then
      NOTES+=("$PRIVATE_NIC $([ -e "/sys/class/net/$PRIVATE_NIC" ] && echo 'has no address' || echo 'is not') here; the private device is $routed, which leads to the manager")
      PRIVATE_NIC=$routed
    fi
    [ -e "/sys/class/net/$PRIVATE_NIC" ] || die 32 "there is no device $PRIVATE_NIC; name the one that leads to the manager by --prvNic"
  fi
  if [ ! -e "/sys/class/net/$PUBLIC_NIC" ]; then
    NOTES+=("no device $PUBLIC_NIC here; using $GUEST_NIC for public traffic")
    PUBLIC_NIC=$GUEST_NIC
  fi
}

apply_network() { DETAIL="guests $GUEST_NIC, private $PRIVATE_NIC, public $PUBLIC_NIC"; }

has_route() { # DEVICE: does any network lie behind it? (IPv6: apart from link-local)
  cat /proc/net/route /proc/net/ipv6_route 2>/dev/null |
    awk -v d="$1" '$1 == d {f = 1} $NF == d && $1 !~ /^(fe80|ff00)/ {f = 1} END {exit !f}'
}

route_device() { # of the route to the first manager; by "ip" or, where that is not yet installed, by the kernel's IPv4 table
  local manager=${MANAGERS%%,*} dev octets address name to mask best=-1
  dev=$(ip -o route get "$manager" 2>/dev/null | sed -n 's/.* dev \([^ ]*\).*/\1/p')
  if [ -z "$dev" ] && [[ $manager =~ ^[0-9]+(\.[0-9]+){3}$ ]]; then
    IFS=. read -r -a octets <<<"$manager"
    address=$((octets[0] | octets[1] << 8 | octets[2] << 16 | octets[3] << 24))     # as the table has it
    while read -r name to _ _ _ _ _ mask _; do
      [[ $mask =~ ^[0-9A-F]{8}$ ]] || continue
      if [ $((address & 0x$mask)) -eq $((0x$to)) ] && [ "$(ones "$mask")" -gt "$best" ]; then best=$(ones "$mask") dev=$name; fi
    done < /proc/net/route
  fi
  printf '%s' "$dev"
}

ones() { # HEX: how many bits are set
  local n=$((0x$1)) count=0
  while [ "$n" -gt 0 ]; do count=$((count + (n & 1))) n=$((n >> 1)); done
  printf '%s' "$count"
}

# ---- storage ----

nearest_dir() { local d=$1; while [ ! -d "$d" ]; do d=$(dirname -- "$d"); done; printf '%s' "$d"; }

plan_storage() {
  local at free
  PLAN=''
  at=$(nearest_dir "$STORAGE_PATH")
  free=$(df -Pm -- "$at" | awk 'NR == 2 {print $4}')
  if [ ! -d "$STORAGE_PATH" ]; then PLAN="make $STORAGE_PATH"; fi
  # a prepared host may fill up; that is not a reason to refuse the second run
  if [ -f "$MANIFEST" ] && [ -d "$STORAGE_PATH" ]; then return 0; fi
  [ "${free:-0}" -ge "$MIN_FREE_MB" ] ||
    die 35 "the disk under $STORAGE_PATH has ${free:-0} MiB free, $MIN_FREE_MB are needed; make room or give another place by --storage-path"
}

apply_storage() {
  local probe
  make_dir "$STORAGE_PATH" 711
  probe=$STORAGE_PATH/.hostler-probe
  { printf x > "$probe" && rm -f -- "$probe"; } 2>>"$LOG" || { rm -f -- "$probe"; die 35 "cannot write in $STORAGE_PATH"; }
  DETAIL="$STORAGE_PATH, $(df -Pm -- "$STORAGE_PATH" | awk 'NR == 2 {print $4}') MiB free"
}

# ---- files ----

plan_files() {
  local need=0
  PLAN=''
  [ -d "$STAGE" ] || die 36 "there is no staging directory $STAGE"
  [ -f "$STAGE/hostler-agent" ] || [ -x "$AGENT" ] || die 36 "$STAGE/hostler-agent is missing"
  if [ -f "$STAGE/hostler-agent" ] && ! cmp -s "$STAGE/hostler-agent" "$AGENT"; then
    need=$(($(stat -c %s "$STAGE/hostler-agent") / 1048576 + 16))
    PLAN+="install $AGENT; "
    local free
    free=$(df -Pm /usr/bin | awk 'NR == 2 {print $4}')
    [ "$free" -ge "$need" ] || die 36 "/usr/bin has $free MiB free, $need are needed"
  fi
  choose_identity
  [ "$IDENTITY" = kept ] || PLAN+='install a new certificate; '
  render_properties > "$WORK/agent.properties"
  cmp -s "$WORK/agent.properties" "$PROPERTIES" || PLAN+="write $PROPERTIES; "
  PLAN=${PLAN%; }
}

apply_files() {
  local output code
  journal_libvirt
  if [ -f "$STAGE/hostler-agent" ]; then put_file "$STAGE/hostler-agent" "$AGENT" 755; fi
  make_dir "$CONFIG_DIR" 755
  make_dir "$PKI" 700
  if [ "$IDENTITY" = new ]; then
    put_file "$STAGE/ca.crt" "$PKI/ca.crt" 644
    put_file "$STAGE/agent.crt" "$PKI/agent.crt" 644
    put_file "$STAGE/agent.key" "$PKI/agent.key" 600
  fi
  make_dir "$CLIENT_PKI" 700
  put_link ../ca.crt "$CLIENT_PKI/cacert.pem"
  put_link ../agent.crt "$CLIENT_PKI/clientcert.pem"
  put_link ../agent.key "$CLIENT_PKI/clientkey.pem"
  put_file "$WORK/agent.properties" "$PROPERTIES" 600
  install_scripts
  output=$(timeout 20 "$AGENT" --check-config --config "$PROPERTIES" 2>&1 </dev/null)
  code=$?
  [ "$code" -eq 0 ] || die 36 "the agent does not accept $PROPERTIES (exit $code): $(one_line "$output")"
  DETAIL="certificate $IDENTITY, $CHANGES changed"
}

# The scripts stay on the host, so that "verify" and "remove" can be called there.
install_scripts() {
  local f
  [ "$HERE" != "$INSTALLED_SCRIPTS" ] || return 0
  make_dir "$INSTALLED_SCRIPTS" 755
  put_file "$HERE/setup-agent" "$INSTALLED_SCRIPTS/setup-agent" 755
  for f in "${LIBRARY[@]}"; do put_file "$LIB/$f.sh" "$INSTALLED_SCRIPTS/lib/$f.sh" 644; done
  for f in hostler-agent-respawn hostler-agent.init; do put_file "$HERE/$f" "$INSTALLED_SCRIPTS/$f" 755; done
  put_file "$(unit_source)" "$INSTALLED_SCRIPTS/hostler-agent.service" 644
}

# ---- identity ----

# Sets IDENTITY to new or kept. A certificate that is still good is kept, so that a
# second run changes nothing though the manager signs anew each time.
choose_identity() {
  local reason
  if reason=$(identity_trouble "$PKI" "$PKI"); then
    if [ ! -f "$STAGE/ca.crt" ] || cmp -s "$STAGE/ca.crt" "$PKI/ca.crt"; then
      if [ ! -f "$STAGE/agent.key" ] || cmp -s "$STAGE/agent.key" "$PKI/agent.key"; then
        IDENTITY=kept
        return 0
      fi
    fi
  fi
  # before the packages are in there may be no openssl to look with; apply_files looks again
  IDENTITY=new
  [ -f "$STAGE/ca.crt" ] && [ -f "$STAGE/agent.crt" ] && [ -f "$STAGE/agent.key" ] ||
    die 36 "no certificate for this host: $STAGE needs ca.crt, agent.crt and agent.key (setup-agent csr), and $PKI has none that will do${reason:+: $reason}"
  if command -v openssl >/dev/null; then
    reason=$(identity_trouble "$STAGE" "$STAGE") || die 36 "the certificate in $STAGE will not do: $reason"
  fi
}

identity_trouble() { # DIR: prints what is wrong with the identity there and fails, or succeeds
  local d=$1
  [ -f "$d/ca.crt" ] && [ -f "$d/agent.crt" ] && [ -f "$d/agent.key" ] || { printf 'there is none'; return 1; }
  openssl verify -CAfile "$d/ca.crt" "$d/agent.crt" >/dev/null 2>&1 || { printf 'it is not signed by ca.crt, or is out of date (check the clock)'; return 1; }
  openssl x509 -in "$d/agent.crt" -noout -checkend "$MIN_VALID_SECONDS" >/dev/null 2>&1 ||
    { [ "$d" = "$STAGE" ] || { printf 'it ends soon'; return 1; }; }
  [ "$(openssl x509 -in "$d/agent.crt" -noout -pubkey 2>/dev/null)" = "$(openssl pkey -in "$d/agent.key" -pubout 2>/dev/null)" ] ||
    { printf 'it is for another key'; return 1; }
  openssl x509 -in "$d/agent.crt" -noout -checkhost "$GUID" 2>/dev/null | grep 'does match' >/dev/null ||
    { printf 'it is not for the host %s' "$GUID"; return 1; }
  # libvirt refuses to start with, and to connect by, a certificate whose key usage lacks this
  if openssl x509 -in "$d/agent.crt" -noout -ext keyUsage 2>/dev/null | grep critical >/dev/null &&
    ! openssl x509 -in "$d/agent.crt" -noout -ext keyUsage 2>/dev/null | grep 'Key Encipherment' >/dev/null; then
    printf 'its keyUsage lacks keyEncipherment, which libvirt insists on'
    return 1
  fi
}

# ---- agent.properties ----

property() { # KEY: its value in the installed file, or nothing
  [ -f "$PROPERTIES" ] && awk -v k="$1" 'index($0, k "=") == 1 {v = substr($0, length(k) + 2)} END {printf "%s", v}' "$PROPERTIES"
}

# Ours first, then whatever else the file has: people may tune it by hand.
render_properties() {
  local uuid managed key value rest
  uuid=$(property local.storage.uuid)
  [ -n "$uuid" ] || uuid=$(</proc/sys/kernel/random/uuid)
  local -a pairs=(
    guid "$GUID" host "$MANAGERS" port "$PORT" zone "$ZONE" pod "$POD" cluster "$CLUSTER"
    resource LibvirtComputingResource hypervisor.type "$HYPERVISOR" hypervisor.uri qemu:///system
    private.network.device "$PRIVATE_NIC" public.network.device "$PUBLIC_NIC" guest.network.device "$GUEST_NIC"
    local.storage.uuid "$uuid" local.storage.path "$STORAGE_PATH" state.dir "$STATE_DIR"
    tls.ca "$PKI/ca.crt" tls.certificate "$PKI/agent.crt" tls.key "$PKI/agent.key")
  printf '# Hostler agent. Written by setup-agent; its own keys come first and are set again by each run.\n'
  managed=' '
  set -- "${pairs[@]}"
  while [ $# -gt 0 ]; do
    key=$1 value=$2
    shift 2
    managed+="$key "
    printf '%s=%s\n' "$key" "$value"
  done
  [ -f "$PROPERTIES" ] || return 0
  while IFS= read -r rest || [ -n "$rest" ]; do
    case $rest in
      '' | '# Hostler agent. Written by setup-agent;'*) continue ;;
      '#'*) ;;
      *=*) [[ $managed != *" ${rest%%=*} "* ]] || continue ;;
    esac
    printf '%s\n' "$rest"
  done < "$PROPERTIES"
}
