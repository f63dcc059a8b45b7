#!/usr/bin/env bash
# Builds and runs the unit tests of host/ under a sanitizer preset: asan or tsan. Without host/sandbox, whose test
# runs static programs in containers, which no sanitizer can be linked into.
. "$(dirname "$0")/lib.sh"
preset=${1:?asan or tsan}
mkdir -p build
mapfile -t tests < <(cd src/host && for folder in */; do
  [ "$folder" = sandbox/ ] || ! compgen -G "$folder*_test.cpp" >/dev/null || printf '%s_test\n' "${folder%/}"
done)
export TSAN_OPTIONS="suppressions=$root/tools/tsan.supp die_after_fork=0"
build_tree "$preset" "${tests[@]}"
ctest --test-dir "build/$preset" -L '^host$' -E '^sandbox$' -j2 --output-on-failure --timeout 300
