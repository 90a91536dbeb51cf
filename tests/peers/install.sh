#!/usr/bin/env bash
# Installs the real servers and tools that the tests run against: Debian's packages, npm's packages
# (into .peers/). Needs root and the ordinary package clients.
set -euo pipefail
cd "$(dirname "$0")/../.."

debian=(snmpd snmp nmap tshark libmodbus-dev gcc libc6-dev mosquitto nftables iproute2 tcpdump
  arp-scan chromium poppler-utils prometheus prometheus-snmp-exporter postgresql nodejs npm)
missing=()
for package in "${debian[@]}"; do
  case "$package" in
    nodejs) command -v node >/dev/null && continue ;;
    npm) command -v npm >/dev/null && continue ;;
    gcc) command -v gcc >/dev/null && continue ;;
  esac
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
if [ "${#missing[@]}" -gt 0 ]; then
  if [ "$(id -u)" != 0 ]; then
    echo "make peers needs root to install: ${missing[*]}" >&2
    exit 1
  fi
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  # The servers are started by the tests themselves, never by the system.
  printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
  chmod +x /usr/sbin/policy-rc.d
  trap 'rm -f /usr/sbin/policy-rc.d' EXIT
  apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

# node-wot brings a node-opcua of its own; two in one tree disturb each other.
for place in . wot; do
  mkdir -p ".peers/$place"
  if ! cmp -s "tests/peers/$place/package.json" ".peers/$place/package.json"; then
    rm -rf ".peers/$place/node_modules"
    cp "tests/peers/$place/package.json" ".peers/$place/package.json"
    (cd ".peers/$place" && npm install --silent --no-audit --no-fund --ignore-scripts \
      --no-package-lock)
  fi
done
echo "peers are installed"
