# shellcheck shell=bash
# shellcheck disable=SC2015,SC2034,SC2154  # "|| die" ends the run; variables are shared by setup-agent and its files
# The host's firewall: where one is active, opens what is in use, TCP on the private
# device only. That is libvirt's port and, because libvirt is reached over it for live
# migration, the ports that QEMU takes for that (49152-49215). Guests' consoles
# listen on the host itself and need nothing; the agent only dials out.
#
# Not here: making a firewall, or forwarding between guests.

MIGRATION_FIRST=49152 MIGRATION_LAST=49215

firewall_kind() { # ufw, firewalld, nft, iptables; several words are possible, none too
  local kinds=''
  if command -v ufw >/dev/null && ufw status 2>/dev/null | grep '^Status: active' >/dev/null; then printf ufw; return; fi
  if command -v firewall-cmd >/dev/null && firewall-cmd --state >/dev/null 2>&1; then printf firewalld; return; fi
  if [ -n "$(nft_chains)" ]; then kinds=nft; fi
  if iptables_refuses; then kinds+="${kinds:+ }iptables"; fi
  printf '%s' "$kinds"
}

firewall_ports() { [ -z "$LV_PORT" ] || printf '%s\n%s\n' "$LV_PORT" "$MIGRATION_FIRST:$MIGRATION_LAST"; }

plan_firewall() {
  local kind
  PLAN=''
  kind=$(firewall_kind)
  if [ -n "$kind" ] && [ "$TRANSPORT" != none ]; then PLAN="let libvirt and live migration in on $PRIVATE_NIC ($kind)"; fi
}

apply_firewall() {
  local kind
  kind=$(firewall_kind)
  REPORT_FACTS[firewall]=${kind:-none}
  if [ -z "$kind" ]; then DETAIL='no firewall is active'; return 0; fi
  if [ -z "$LV_PORT" ]; then DETAIL="$kind is active, nothing to open"; return 0; fi
  for kind in $kind; do "firewall_$kind"; done
  DETAIL="${REPORT_FACTS[firewall]} is active, $PRIVATE_NIC lets $LV_PORT and $MIGRATION_FIRST-$MIGRATION_LAST in"
}

# ---- ufw ----

ufw_rule() { printf '%s\n' allow in on "$PRIVATE_NIC" to any port "$1" proto tcp; }

firewall_ufw() {
  local port
  local -a rule
  for port in $(firewall_ports); do
    mapfile -t rule < <(ufw_rule "$port")
    ufw show added 2>/dev/null | grep -F -- "ufw ${rule[*]}" >/dev/null && continue
    journal ufw "${rule[*]}"
    ufw "${rule[@]}" comment hostler </dev/null >>"$LOG" 2>&1 || die 32 "ufw does not take the rule for port $port: $(last_log)"
    CHANGES=$((CHANGES + 1))
  done
}

undo_ufw() { # RULE
  command -v ufw >/dev/null || return 0
  # shellcheck disable=SC2086  # its words
  ufw delete $1 </dev/null >>"$LOG" 2>&1 || undo_trouble "ufw rule $1"
}

# ---- firewalld ----

firewall_firewalld() {
  local zone port file
  zone=$(firewall-cmd --get-zone-of-interface="$PRIVATE_NIC" 2>/dev/null)
  [ -n "$zone" ] || zone=$(firewall-cmd --get-default-zone)
  file=/etc/firewalld/zones/$zone.xml
  for port in $(firewall_ports); do
    port=${port/:/-}/tcp
    if firewall-cmd -q --zone="$zone" --query-port="$port" && firewall-cmd -q --permanent --zone="$zone" --query-port="$port"; then continue; fi
    journal firewalld "$zone $port"
    backup_of "$file"
    journal file "$file" "$BACKUP" -
    { firewall-cmd -q --zone="$zone" --add-port="$port" && firewall-cmd -q --permanent --zone="$zone" --add-port="$port"; } >>"$LOG" 2>&1 ||
      die 32 "firewalld does not open $port in the zone $zone: $(last_log)"
    CHANGES=$((CHANGES + 1))
  done
}

undo_firewalld() { # "ZONE PORT"
  firewall-cmd --state >/dev/null 2>&1 || return 0
  firewall-cmd -q --zone="${1%% *}" --remove-port="${1#* }" >>"$LOG" 2>&1 || undo_trouble "firewalld's port $1"
}

# ---- nftables, used directly ----

# Base chains for what comes in that refuse something: "family table chain" lines.
# Chains of iptables-nft and of libvirt are not ours to write to.
nft_chains() {
  command -v nft >/dev/null || return 0
  nft -n list ruleset 2>/dev/null | awk '
    $1 == "table" {family = $2; table = $3}
    $1 == "chain" {chain = $2; hook = 0; refuses = 0}
    /hook input/ {hook = 1}
    hook && /policy drop/ {refuses = 1}
    hook && /(^|[ \t])(drop|reject)([ \t;]|$)/ {refuses = 1}
    $1 == "}" && chain != "" {
      if (hook && refuses && (family == "inet" || family == "ip") && chain !~ /^(INPUT|LIBVIRT)/ && table !~ /^(libvirt|hostler|f2b)/)
        print family, table, chain
      chain = "" }'
}

nft_rule() { printf 'iifname "%s" tcp dport { %s, %s-%s } accept comment "hostler"' "$PRIVATE_NIC" "$LV_PORT" "$MIGRATION_FIRST" "$MIGRATION_LAST"; }

firewall_nft() {
  local where lines=''
  while read -r where; do
    lines+="${lines:+$'\n'}insert rule $where $(nft_rule)"
    # shellcheck disable=SC2086  # family table chain
    nft list chain $where 2>/dev/null | grep 'comment "hostler"' >/dev/null && continue
    journal nft "$where"
    # shellcheck disable=SC2086  # family table chain
    nft insert rule $where "$(nft_rule)" 2>>"$LOG" || die 32 "nft does not take a rule in $where: $(last_log)"
    CHANGES=$((CHANGES + 1))
  done < <(nft_chains)
  nft_keep "$lines"
}

nft_keep() { # LINES: over a reboot, where /etc/nftables.conf is what is loaded then
  local file=/etc/nftables.conf
  if [ ! -f "$file" ]; then NOTES+=('the firewall rules are not kept over a reboot: there is no /etc/nftables.conf'); return 0; fi
  { conf_strip "$file"
    printf '# BEGIN hostler: written by setup-agent, taken out again by "setup-agent remove"\n%s\n# END hostler\n' "$1"
  } > "$WORK/nftables.conf"
  if nft -c -f "$WORK/nftables.conf" 2>>"$LOG"; then
    put_file "$WORK/nftables.conf" "$file" "$(stat -c %a "$file")" conf
  else
    NOTES+=('the firewall rules are not kept over a reboot: the chains are not made by /etc/nftables.conf; add the rules with the comment "hostler" to where they come from')
  fi
}

undo_nft() { # "FAMILY TABLE CHAIN"
  local handle
  # shellcheck disable=SC2086  # family table chain
  for handle in $(nft -a list chain $1 2>/dev/null | sed -n 's/.*comment "hostler" # handle //p'); do
    nft delete rule $1 handle "$handle" 2>>"$LOG" || undo_trouble "nft rule in $1"
  done
}

# ---- iptables ----

iptables_refuses() { command -v iptables >/dev/null && iptables -S INPUT 2>/dev/null | grep -E '^-P INPUT DROP|-j (DROP|REJECT)' >/dev/null; }

iptables_rule() {
  printf '%s\n' INPUT -i "$PRIVATE_NIC" -p tcp -m multiport --dports "$LV_PORT,$MIGRATION_FIRST:$MIGRATION_LAST" -m comment --comment hostler -j ACCEPT
}

firewall_iptables() {
  local -a rule
  local file=/etc/iptables/rules.v4
  mapfile -t rule < <(iptables_rule)
  if ! iptables -C "${rule[@]}" 2>/dev/null; then
    journal iptables "${rule[*]}"
    iptables -I "${rule[@]}" 2>>"$LOG" || die 32 "iptables does not take the rule: $(last_log)"
    CHANGES=$((CHANGES + 1))
  fi
  if [ ! -f "$file" ]; then NOTES+=("the firewall rule is not kept over a reboot: there is no $file"); return 0; fi
  grep -q -- '--comment hostler' "$file" && return 0
  awk -v r="-A ${rule[*]}" '/^\*/ {filter = ($0 == "*filter")} filter && !done && (/^-A / || /^COMMIT/) {print r; done = 1} {print}' "$file" > "$WORK/rules.v4"
  if iptables-restore --test "$WORK/rules.v4" 2>>"$LOG"; then
    put_file "$WORK/rules.v4" "$file" "$(stat -c %a "$file")"
  else
    NOTES+=("the firewall rule is not kept over a reboot: add it to $file")
  fi
}

undo_iptables() { # RULE
  # shellcheck disable=SC2086  # its words
  while iptables -C $1 2>/dev/null; do iptables -D $1 2>>"$LOG" || { undo_trouble "iptables rule $1"; return; }; done
}
