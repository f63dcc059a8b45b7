#pragma once
// What a program that talks to the network never needs, taken from it for good.

namespace hearth::process {

/// From here on this process and its threads can run no other program and reach no machinery of the
/// kernel's that a server has no use for: executing, tracing and reading other processes,
/// namespaces and mounts, modules, bpf, perf, keyrings, io_uring, userfaultfd, sockets other than
/// Unix, IPv4, IPv6 and routing's. All answer EPERM. To be called after `become`, when every helper
/// has been started. Throws std::system_error.
void confine();

}  // namespace hearth::process
