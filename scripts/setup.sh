#!/bin/sh
# Make the virtual environment and install InvestIQ into it: with uv when it is on PATH, with pip when not.
set -eu
venv="$1"

usable() {
    "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2])' >/dev/null 2>&1
}

python="${PYTHON:-}"
if [ -n "$python" ]; then
    usable "$python" || { echo "make: PYTHON=$python is not a Python 3.11 or newer" >&2; exit 2; }
else
    for candidate in python3 python3.13 python3.12 python3.11; do
        if usable "$candidate"; then python="$candidate"; break; fi
    done
fi
if [ -z "$python" ]; then
    echo "make: no Python 3.11 or newer found on PATH; install one (Debian, Ubuntu: apt-get install python3 python3-venv)" >&2
    echo "      or name it: make setup PYTHON=/path/to/python3.12" >&2
    exit 2
fi
if ! "$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then
    echo "make: $python has no venv module; install it (Debian, Ubuntu: apt-get install python3-venv)" >&2
    exit 2
fi

# Run a long command with a sign of life.
waiting() {
    "$@" &
    process=$!
    while kill -0 "$process" 2>/dev/null; do printf '.'; sleep 3; done
    wait "$process" || { code=$?; echo; exit "$code"; }
    echo
}

echo "Setting up $venv with $("$python" --version) (about 2 GB; 6 to 13 minutes on two cores the first time)"
started=$(date +%s)
echo "1 of 2: packages"
[ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
if command -v uv >/dev/null 2>&1; then
    waiting env VIRTUAL_ENV="$venv" uv pip install --quiet --python "$venv/bin/python" -c constraints.txt -e '.[all,dev]'
else
    waiting "$venv/bin/python" -m pip install --quiet --progress-bar off -c constraints.txt -e '.[all,dev]'
fi
echo "Installed in $(($(date +%s) - started)) s, $(du -sh "$venv" | cut -f1)"
echo "2 of 2: compiling kernels (once; 2 to 5 minutes)"
"$venv/bin/investiq" warmup
