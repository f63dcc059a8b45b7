#!/usr/bin/env bash
# The web's tests in headless Chromium, two suites at a time; each leaves a JUnit report in build/reports.
#   web/e2e.sh [SUITE…]    SUITE: a part of a file's path, as "shell" or "boot.test"
# Needs the pages (`npm run build`) and, in HEARTH_BIN, hearthd and hearth-files.
. "$(dirname "$0")/../tools/lib.sh"
HEARTH_BIN=$(programs)
export PATH="$root/build/node/bin:$PATH" HEARTH_BIN
mkdir -p build/reports

wanted() {
  [ $# -gt 1 ] || return 0
  local file=$1 part
  shift
  for part in "$@"; do [[ $file == *"$part"* ]] && return 0; done
  return 1
}

one() {
  local file=$1 from=$SECONDS status=0 name report
  name=${file%/run.mjs}
  name=${name%.test.mjs}
  report=build/reports/${name//\//-}
  if (cd "$(dirname "$file")/.." && node --test --test-timeout=900000 \
    --test-reporter=junit --test-reporter-destination="$root/$report.xml" \
    --test-reporter=spec --test-reporter-destination=stdout "e2e/$(basename "$file")") >"$report.log" 2>&1; then
    printf 'ok    %4d s  %s\n' $((SECONDS - from)) "$file"
    sed -n 's/^semantics, /            /p' "$report.log"
  else
    printf 'FAIL  %4d s  %s\n' $((SECONDS - from)) "$file"
    tail -n 100 "$report.log"
    status=1
  fi
  # Node's reporter doesn't say which file a test is from.
  sed -i "s|<testcase |&file=\"$file\" |" "$report.xml"
  return "$status"
}
export -f one
export root

files=()
# The longest first.
for file in web/shell/e2e/run.mjs web/apps/files/e2e/run.mjs web/packages/ui/e2e/run.mjs web/packages/sdk/e2e/*.test.mjs; do
  if wanted "$file" "$@"; then files+=("$file"); fi
done
status=0
in_lanes 2 one "${files[@]}" || status=1
printf '      %4d s  in all\n' "$SECONDS"
exit "$status"
