#!/bin/bash
# A real Docker Engine for the tests marked `engine`, on a Debian 12 machine, with no image registry in reach.
#
#   vars=$(bash tests/engine/engine.sh up) && eval "$vars"    # two steps: `eval "$(…)"` would hide a failed start
#   bash tests/engine/engine.sh down
#
# up    prints `export DOCKER_HOST=…`. An engine that answers already is used as it is, with the images it has or
#       can pull. Else Debian's is installed and started in a folder of its own, with stand-ins for the base images.
# down  ends the engine that `up` started and takes away its containers, images, network, firewall rules and folder;
#       the Debian packages stay. It never touches an engine that someone else started.
set -euo pipefail
export PATH=$PATH:/usr/sbin:/sbin DEBIAN_FRONTEND=noninteractive DOCKER_BUILDKIT=0

HOME_DIR=/var/tmp/prodkit-engine # short, as a socket's path must be
HOST=unix://$HOME_DIR/docker.sock
CGROUP=prodkit-engine
PACKAGES=(docker.io iptables iproute2 mmdebstrap ca-certificates)
# What jupyter_prodkit/build/base.py chooses for Debian 12's own Python, and for a framework that needs CUDA 12.4.
STAND_INS=(python:3.11-slim-bookworm nvidia/cuda:12.4.1-cudnn-runtime-ubuntu22.04)

say() { echo "engine.sh: $*" >&2; }
ours() { docker -H "$HOST" "$@"; }
answers() { timeout 10 docker -H "$1" version >/dev/null 2>&1; }

someone_elses() { # prints the address of an engine that we did not start
  command -v docker >/dev/null || return 1
  local host=${DOCKER_HOST:-unix:///var/run/docker.sock}
  [ "$host" != "$HOST" ] && answers "$host" && echo "$host"
}

install_packages() {
  local package missing=()
  for package in "${PACKAGES[@]}"; do
    [[ $(dpkg-query -W -f '${Status}' "$package" 2>/dev/null) == *" installed" ]] || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  say "installing ${missing[*]}"
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends "${missing[@]}"
}

start() {
  if answers "$HOST"; then return; fi
  stop # what a killed engine left: its pid file alone would keep dockerd from starting
  mkdir -p "$HOME_DIR/run"
  cat /proc/sys/net/ipv4/ip_forward >"$HOME_DIR/ip_forward"
  iptables -S FORWARD | head -n 1 >"$HOME_DIR/forward_policy"
  echo '{}' >"$HOME_DIR/daemon.json" # so that the machine's own settings are not read
  local device mtu
  device=$(ip -o route show default | sed -n '1s/.* dev \([^ ]*\).*/\1/p')
  mtu=$(cat "/sys/class/net/${device:-lo}/mtu")
  # Mounts and processes of their own: when this one process ends, however it ends, every container goes with it.
  setsid unshare --mount --pid --fork --kill-child --mount-proc docker-init -- \
    dockerd --config-file "$HOME_DIR/daemon.json" -H "$HOST" --data-root "$HOME_DIR/data" \
    --exec-root "$HOME_DIR/run" --pidfile "$HOME_DIR/dockerd.pid" --cgroup-parent "/$CGROUP" \
    --mtu "$((mtu > 1500 ? 1500 : mtu))" --ip6tables=false </dev/null >"$HOME_DIR/log" 2>&1 &
  local process=$! waited=0
  echo "$process" >"$HOME_DIR/pid"
  until answers "$HOST"; do
    if ! kill -0 "$process" 2>/dev/null || [ $((waited += 1)) -gt 300 ]; then
      say "dockerd does not answer:"
      tail -n 20 "$HOME_DIR/log" >&2
      exit 1
    fi
    sleep 0.1
  done
}

make_stand_ins() {
  local name base present=yes
  for name in "${STAND_INS[@]}"; do ours image inspect "$name" >/dev/null 2>&1 || present=no; done
  [ $present = no ] || return 0
  say "making stand-ins for ${STAND_INS[*]}"
  base=$(debian_with_python | ours import \
    -c 'ENV PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8' \
    -c 'ENV SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt PIP_CERT=/etc/ssl/certs/ca-certificates.crt' \
    -c 'CMD ["python3"]' -)
  for name in "${STAND_INS[@]}"; do ours tag "$base" "$name"; done
}

debian_with_python() { # writes a tar: Debian 12 with pip and python below /usr/local, as in the real python image
  local scratch=/tmp
  [ "$(stat -f -c %T /dev/shm)" = tmpfs ] && scratch=/dev/shm # dpkg syncs every file, which a disk makes slow
  # This machine's own certificate authorities go in, as its network may be reached only through them.
  # shellcheck disable=SC2016  # $1 is mmdebstrap's: the new root
  TMPDIR=$scratch mmdebstrap --quiet --mode=root --variant=apt --include=python3-venv,ca-certificates \
    --dpkgopt=force-unsafe-io --aptopt='Acquire::Languages "none"' \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' \
    --customize-hook='cp /usr/local/share/ca-certificates/*.crt "$1/usr/local/share/ca-certificates/" 2>/dev/null || true' \
    --customize-hook='chroot "$1" update-ca-certificates >/dev/null 2>&1' \
    --customize-hook='chroot "$1" python3 -m venv /usr/local' \
    bookworm -
}

stop() {
  [ -d "$HOME_DIR" ] || return 0
  if answers "$HOST"; then
    ours ps -aq | xargs -r docker -H "$HOST" rm -f >/dev/null
    ours network prune -f >/dev/null # the rules of user-made networks go with them
  fi
  end_process
  ! command -v iptables >/dev/null || undo_network
  find /sys/fs/cgroup -depth -type d -path "*/$CGROUP*" -exec rmdir {} + 2>/dev/null || true
  rm -rf "$HOME_DIR"
}

end_process() {
  local process
  process=$(cat "$HOME_DIR/pid" 2>/dev/null) || return 0
  # After a restart of the machine the number may be someone else's.
  grep -q "$HOME_DIR" "/proc/$process/cmdline" 2>/dev/null || return 0
  xargs kill -TERM <"/proc/$process/task/$process/children" || true # dockerd's init: unshare passes no signal on
  for _ in $(seq 100); do kill -0 "$process" 2>/dev/null || return 0; sleep 0.1; done
  kill -KILL "$process"
}

undo_network() {
  local policy forward
  policy=$(cat "$HOME_DIR/forward_policy" 2>/dev/null) || return 0 # nothing was started
  forward=$(cat "$HOME_DIR/ip_forward")
  iptables-save | grep -vi docker | iptables-restore
  # shellcheck disable=SC2086  # three words: -P FORWARD ACCEPT
  iptables $policy
  ip link delete docker0 2>/dev/null || true
  echo "$forward" >/proc/sys/net/ipv4/ip_forward
}

one_at_a_time() {
  [ "$(id -u)" = 0 ] || { say "needs root, or an engine that answers at DOCKER_HOST"; exit 1; }
  exec 9>"$HOME_DIR.lock"
  flock 9
}

up() {
  local host
  if ! host=$(someone_elses); then
    one_at_a_time
    install_packages >&2
    if ! host=$(someone_elses); then # still: installing the package may have started the system's own
      start 9>&-
      make_stand_ins 9>&-
      host=$HOST
    fi
  fi
  echo "export DOCKER_HOST=$host"
}

case ${1:-} in
  up) up </dev/null ;;
  down) one_at_a_time; stop </dev/null; rm -f "$HOME_DIR.lock" ;;
  *) say "usage: bash $0 up|down"; exit 2 ;;
esac
