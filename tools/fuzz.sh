#!/usr/bin/env bash
# Runs every fuzz target of build/fuzz (or those named) for SECONDS each, two at a time.
#   tools/fuzz.sh SECONDS [TARGET…]
. "$(dirname "$0")/lib.sh"

seconds=${1:?seconds}
shift || true
if [ $# -gt 0 ]; then targets=("$@"); else
  mapfile -t targets < <(find build/fuzz/src build/fuzz/apps -type f -executable -name 'fuzz_*' -printf '%f\n' | sort)
fi
[ ${#targets[@]} -gt 0 ] || die 'No fuzz targets: build the preset fuzz first.'

one() {
  local target=$1 name=${1#fuzz_}
  local binary corpus=build/corpus/$name log=build/corpus/$name.log seeds=()
  binary=$(find build/fuzz/src build/fuzz/apps -type f -name "$target")
  mkdir -p "$corpus" build/crashes
  [ -d "fuzz/$name" ] && seeds=("fuzz/$name")
  local TIMEFORMAT='%U %S' cpu
  if { time "$binary" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
    -artifact_prefix="build/crashes/$name-" "$corpus" "${seeds[@]}" >"$log" 2>&1; } 2>"$log.cpu"; then
    cpu=$(awk '{ printf "%d", $1 + $2 }' "$log.cpu")
    printf 'ok    %-34s %4d s of CPU, %s runs, %s\n' "$target" "$cpu" \
      "$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")" \
      "$(grep -oE 'cov: [0-9]+ ft: [0-9]+' "$log" | tail -n 1)"
  else
    printf 'FAIL  %s\n' "$target"
    tail -n 40 "$log"
    return 1
  fi
}
export -f one
export seconds
in_lanes 2 one "${targets[@]}" || die 'A fuzz target failed; its input is in build/crashes.'
printf '%d targets, %s s each.\n' ${#targets[@]} "$seconds"
