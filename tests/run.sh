#!/usr/bin/env bash
# Runs the tests that need more than one program: interop with software written by others, and end to end
# in headless Chromium. All, or the files named.
#   tests/run.sh [FILE…]
. "$(dirname "$0")/../tools/lib.sh"
export PATH="$root/build/node/bin:$PATH"
HEARTH_BIN=$(programs)
export HEARTH_BIN HEARTH_WEB=$root/build/web HEARTH_BUILD=$root/build/dev
export HEARTH_FILES=$HEARTH_BIN/hearth-files
mkdir -p build/reports build/screenshots
install_test_npm

if [ $# -gt 0 ]; then files=("$@"); else
  mapfile -t files < <(git ls-files 'tests/*.test.mjs' 'apps/*.test.mjs' | sort)
fi
[ ${#files[@]} -gt 0 ] || die 'No tests found.'

one() {
  local file=$1 from=$SECONDS report
  report=build/reports/$(printf '%s' "${file%.test.mjs}" | tr / -).xml
  if node --test --test-concurrency=1 --test-timeout=900000 --test-reporter=junit \
    --test-reporter-destination="$report" "$file" >"${report%.xml}.log" 2>&1; then
    printf 'ok    %4d s  %s\n' $((SECONDS - from)) "$file"
  else
    printf 'FAIL  %4d s  %s\n' $((SECONDS - from)) "$file"
    grep -A 30 '<failure' "$report" 2>/dev/null | head -n 80 || true
    tail -n 60 "${report%.xml}.log"
    return 1
  fi
}
export -f one

# Most of them wait most of the time: two at a time. Those that measure have the machine to themselves.
mapfile -t alone < <(grep -lE '^// Alone:' "${files[@]}" || true)
mapfile -t others < <(printf '%s\n' "${files[@]}" | grep -vxFf <(printf '%s\n' "${alone[@]}") || true)
status=0
in_lanes 2 one "${others[@]}" || status=1
in_lanes 1 one "${alone[@]}" || status=1
exit "$status"
