#!/usr/bin/env bash
# Installs what the scripts in this folder time: PyTorch and oneDNN (Debian), ONNX Runtime (npm). Can be run again at any time.
# What cannot be installed is named at the end; `compare --peers` leaves it out.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

missing=()
root=()
if ((EUID != 0)); then root=(sudo -n); fi

# package NAME…: Debian packages that are not there yet.
packages() {
    local name absent=()
    for name; do
        dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null | grep -qx installed || absent+=("$name")
    done
    if ((${#absent[@]} == 0)); then return 0; fi
    command -v apt-get >/dev/null || return 1
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${absent[@]}" >/dev/null && return 0
    "${root[@]}" apt-get update >/dev/null \
        && "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${absent[@]}" >/dev/null
}

if ! packages python3-torch python3-numpy libopenblas0-pthread libopenblas0-openmp; then
    missing+=("PyTorch: apt-get install python3-torch python3-numpy libopenblas0-pthread libopenblas0-openmp (as root) failed")
fi

if ! packages python3-onnx || ! /usr/bin/python3 ort_models.py; then
    missing+=("models for ONNX Runtime: apt-get install python3-onnx (as root), then /usr/bin/python3 ort_models.py, failed")
fi

if ! command -v npm >/dev/null; then
    missing+=("ONNX Runtime: needs Node.js with npm")
elif ! node -e "require('onnxruntime-node')" 2>/dev/null \
    && ! { npm install --ignore-scripts --no-audit --no-fund --no-package-lock >/dev/null && node -e "require('onnxruntime-node')"; }; then
    missing+=("ONNX Runtime: npm install --ignore-scripts in $PWD failed")
fi

if ! packages libdnnl-dev || ! command -v g++ >/dev/null; then
    missing+=("oneDNN: needs g++ and apt-get install libdnnl-dev (as root)")
elif [[ ! onednn/lstm_onednn -nt onednn/lstm_onednn.cpp ]] && ! g++ -O2 -std=c++17 -o onednn/lstm_onednn onednn/lstm_onednn.cpp -ldnnl; then
    missing+=("oneDNN: onednn/lstm_onednn.cpp does not compile")
fi

if ((${#missing[@]})); then
    printf 'not installed: %s\n' "${missing[@]}"
    exit 1
fi
echo "everything is installed"
