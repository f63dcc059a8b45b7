#!/usr/bin/env bash
# Every comparison of bench/README.md: us and a peer in the same run, ratios printed.
. "$(dirname "$0")/../tools/lib.sh"
export PATH="$root/build/node/bin:$PATH" HEARTH_BIN="$root/build/dev/bin"
install_node
bench_graph() {
  install_npm tests/gun
  build_tree dev hearthd hearth
  stage 'The cores on this disk, and bare RocksDB' build/dev/bin/hearth graph bench --no-gun
  stage "npm gun's relay against hearthd --gun" node bench/gun.mjs --million
}
bench_sctp() {
  install_npm tests/webrtc
  install_npm tests/e2e
  build_tree dev webrtc-echo hearth-path
  stage 'Downloads over bad paths against node-datachannel' tests_as_root node tests/networks/sctp_bench.mjs "$@"
}
bench_relay() {
  install_packages bench
  install_npm tests/e2e
  build_tree dev hearthd hearth-flock hearth-sandboxd hearth-sandbox-init files-app
  stage 'Relaying against socat' tests_as_root node bench/relay.mjs "$@"
}
bench_requests() {
  install_packages bench
  install_npm tests/e2e
  install_npm web
  build_tree dev hearthd hearth-sandboxd hearth-sandbox-init files-app
  stage 'Requests of 1 KB over WebRTC against nginx on loopback' tests_as_root node bench/requests.mjs "$@"
}
case ${1:-} in
  graph | sctp | relay | requests)
    "bench_$1" "${@:2}"
    exit
    ;;
esac
install_npm tests/interop
install_npm tests/webrtc
install_npm tests/e2e
build_tree dev hearth-interop webrtc-echo hearthd hearth-sandboxd hearth-sandbox-init files-app
stage 'TCP, Noise and Yamux against js-libp2p' node tests/interop/bench.mjs
stage 'WebRTC against node-datachannel' node tests/webrtc/bench.mjs "${1:-200}" "${2:-5}"
stage 'A GET of 1 KB over WebRTC against loopback HTTP' tests_as_root node bench/http.mjs
stage '1 GB up and down through the appliance, and its memory' \
  tests_as_root node --test --test-reporter=spec tests/e2e/gigabyte.test.mjs
cmake --preset bench >/dev/null
cmake --build build/bench -- session_bench yamux_bench
stage 'Two sessions in memory' build/bench/src/net/session/session_bench
stage 'The muxer alone' build/bench/src/net/yamux/yamux_bench
bench_relay
bench_requests
bench_graph
