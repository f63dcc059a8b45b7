#!/usr/bin/env bash
# Formats everything written here; with --check only says what isn't formatted.
. "$(dirname "$0")/lib.sh"
[ -d build/node/bin ] && export PATH="$root/build/node/bin:$PATH"

mapfile -t sources < <(git ls-files '*.cpp' '*.h')
if [ "${1:-}" = --check ]; then
  clang-format-19 --dry-run --Werror "${sources[@]}"
  (cd web && npx prettier --check --log-level warn .)
else
  clang-format-19 -i "${sources[@]}"
  (cd web && npx prettier --write --log-level warn .)
fi
