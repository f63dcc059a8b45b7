#!/usr/bin/env bash
# What the cores must not use, each with what to use instead. A line may end in `// allowed: reason`.
. "$(dirname "$0")/lib.sh"
failed=0
ban() {
  local pattern=$1 instead=$2 found
  shift 2
  found=$(git grep -nE "$pattern" -- "$@" | grep -v '// allowed:' || true)
  [ -z "$found" ] || { printf '%s\n  -> %s\n' "$found" "$instead"; failed=1; }
}
cores=('src/base/*' 'src/crypto/*' 'src/codec/*' 'src/net/*' 'src/graph/*' 'src/node/*' ':!*_test.cpp' ':!*_bench.cpp' ':!*_fuzz.cpp' ':!*_for_test.h' ':!*/test_*')
ban '(steady|system|high_resolution)_clock::now' 'take an Instant or a Timestamp' "${cores[@]}"
ban '\b(rand|srand|random)\(|random_device|mt19937' 'take an Entropy&' "${cores[@]}"
ban 'std::(thread|mutex|async|jthread)\b' 'cores are single-threaded; host/ drives them' "${cores[@]}"
ban '#include <(iostream|fstream|thread|sys/socket\.h|boost/)' 'no I/O below host/' "${cores[@]}"
ban '\b(throw|try|catch)\b *[({]' 'return a Result' "${cores[@]}"
ban 'sleep_for|sleep_until|usleep\(' 'wait for state, or advance the clock' 'src/*' 'programs/*' 'apps/*'
ban '#include ["<]\.\./' 'include <hearth/module/file.h>' 'src/*' 'programs/*'
ban '\bFIXME\b' 'fix it before it lands' 'src/*' 'programs/*' 'apps/*' 'web/*'
ban 'system\(|popen\(' 'no shells' 'src/*' 'programs/*' 'apps/*'
exit "$failed"
