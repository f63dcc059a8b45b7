// What the libraries want of a system, without one: memory that grows, and a trap for everything
// that must not happen. A trap leaves the instance unusable: the page makes another from what it
// stored.

#include <cstddef>
#include <cstdlib>
#include <new>

#include <hearth/base/assert.h>

namespace hearth {
void assertion_failed(const char*, const char*, int) noexcept {
  __builtin_trap();
}
}  // namespace hearth

namespace {
void* allocated(std::size_t size) {
  void* memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) __builtin_trap();
  return memory;
}
}  // namespace

void* operator new(std::size_t size) {
  return allocated(size);
}
void* operator new[](std::size_t size) {
  return allocated(size);
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete[](void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
void operator delete[](void* memory, std::size_t) noexcept {
  std::free(memory);
}

// The C++ library's own abort, without its text. From version 20 on it is declared noexcept.
#if _LIBCPP_VERSION >= 200000
#define HEARTH_ABORT_NOEXCEPT noexcept
#else
#define HEARTH_ABORT_NOEXCEPT
#endif
_LIBCPP_BEGIN_NAMESPACE_STD
[[noreturn]] void __libcpp_verbose_abort(const char*, ...) HEARTH_ABORT_NOEXCEPT {
  __builtin_trap();
}
_LIBCPP_END_NAMESPACE_STD

extern "C" {
[[noreturn]] void abort_message(const char*, ...) {
  __builtin_trap();
}
[[noreturn]] void __cxa_pure_virtual() {
  __builtin_trap();
}
void abort() {
  __builtin_trap();
}
// Debian's compiler-rt was built with a stack protector.
void* __stack_chk_guard = nullptr;
[[noreturn]] void __stack_chk_fail() {
  __builtin_trap();
}
[[noreturn]] void __assert_fail(const char*, const char*, int, const char*) {
  __builtin_trap();
}

// The part of libsodium that signs and hashes draws no randomness and needs no initialisation.
int sodium_init() {
  return 0;
}
[[noreturn]] void sodium_misuse() {
  __builtin_trap();
}
[[noreturn]] void randombytes_buf(void*, std::size_t) {
  __builtin_trap();
}
}
