#!/usr/bin/env bash
# Builds and runs the unit tests of host/ under a sanitizer preset: asan or tsan.
. "$(dirname "$0")/lib.sh"
preset=${1:?asan or tsan}
mkdir -p build
mapfile -t tests < <(cd src/host && for d in */; do
  compgen -G "$d*_test.cpp" >/dev/null && printf '%s_test\n' "${d%/}"
done)
build_tree "$preset" "${tests[@]}"
ctest --test-dir "build/$preset" -L '^host$' --output-on-failure --timeout 300
