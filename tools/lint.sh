#!/usr/bin/env bash
# The project's own bans, shellcheck, eslint, and clang-tidy over the cores (all of src/ with --all).
. "$(dirname "$0")/lib.sh"
[ -d build/node/bin ] && export PATH="$root/build/node/bin:$PATH"

bash tools/bans.sh
# SC2317: functions that are exported, for in_lanes.
shellcheck -x -e SC1091,SC2154,SC2016,SC2317 run test dev .ci/run tools/*.sh tests/*.sh web/*.sh
(cd web && npm run --silent typecheck && npm run --silent lint)
mapfile -t sources < <(git ls-files 'src/*.cpp' | grep -vE '_(fuzz|bench)\.cpp$|^src/wasm/' |
  { if [ "${1:-}" = --all ]; then cat; else grep -vE '^src/host/|_test\.cpp$'; fi; })
printf 'clang-tidy over %d files\n' ${#sources[@]}
printf '%s\0' "${sources[@]}" | xargs -0 -P 2 -n 8 clang-tidy-19 --quiet -p build/fuzz 2>/dev/null
