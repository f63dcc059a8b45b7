#!/usr/bin/env bash
# The web's tests in headless Chromium, one suite after the other; each leaves a JUnit report in build/reports.
#   web/e2e.sh [SUITE…]    SUITE: a part of a file's path, as "shell" or "boot.test"
# Needs the pages (`npm run build`) and, in HEARTH_BIN, hearthd and hearth-files.
. "$(dirname "$0")/../tools/lib.sh"
export PATH="$root/build/node/bin:$PATH" HEARTH_BIN="${HEARTH_BIN:-$root/build/dev/bin}"
mkdir -p build/reports

wanted() {
  [ $# -gt 1 ] || return 0
  local file=$1 part
  shift
  for part in "$@"; do [[ $file == *"$part"* ]] && return 0; done
  return 1
}

status=0
for file in web/packages/sdk/e2e/*.test.mjs web/packages/ui/e2e/run.mjs web/shell/e2e/run.mjs web/apps/files/e2e/run.mjs; do
  wanted "$file" "$@" || continue
  from=$SECONDS
  name=${file%/run.mjs}
  name=${name%.test.mjs}
  report=build/reports/${name//\//-}
  if (cd "$(dirname "$file")/.." && node --test --test-timeout=300000 \
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
done
printf '      %4d s  in all\n' "$SECONDS"
exit "$status"
