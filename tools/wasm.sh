#!/usr/bin/env bash
# Builds the graph's core for WebAssembly: build/wasm/graph.wasm, with what tools/packages/wasm names and libsodium's source,
# which it fetches with apt-get.
. "$(dirname "$0")/lib.sh"
version=19
{ [ -e "/usr/lib/llvm-$version/include/wasm32-wasi/c++/v1/expected" ] && command -v wasm-opt >/dev/null; } ||
  die 'No compiler for wasm32: install what tools/packages/wasm names.'
out=build/wasm
mkdir -p "$out/objects" "$out/sysroot/include" "$out/sysroot/lib" "$out/include"

# Debian's folders under the name that this clang looks for; a sysroot of its own, so that the host's headers are never found.
for triple in wasm32-wasi wasm32-wasip1; do
  ln -sfn /usr/include/wasm32-wasi "$out/sysroot/include/$triple"
  ln -sfn /usr/lib/wasm32-wasi "$out/sysroot/lib/$triple"
done

# libsodium as Debian patches it, unpacked once.
if [ ! -e "$out/libsodium/src" ]; then
  fetched=$(mktemp -d)
  mkdir -p "$fetched/lists/partial"
  . /etc/os-release
  printf 'Types: deb-src\nURIs: %s\nSuites: %s %s-updates\nComponents: main\nSigned-By: /usr/share/keyrings/debian-archive-keyring.gpg\n' \
    "$(debian_mirror)" "$VERSION_CODENAME" "$VERSION_CODENAME" >"$fetched/source.sources"
  apt=(apt-get -q -o "Dir::Etc::sourcelist=$fetched/source.sources" -o Dir::Etc::sourceparts=/dev/null
    -o "Dir::State::lists=$fetched/lists" -o APT::Sandbox::User=root)
  "${apt[@]}" update >/dev/null
  (cd "$fetched" && "${apt[@]}" source --download-only libsodium >/dev/null && dpkg-source -x libsodium_*.dsc unpacked >/dev/null)
  rm -rf "$out/libsodium"
  mv "$fetched/unpacked" "$out/libsodium"
  rm -rf "$fetched"
fi
sodium=$out/libsodium/src/libsodium

# The curve is optimised for speed, everything else for size: verifying is where the time goes.
flags=(--target=wasm32-wasi "--sysroot=$PWD/$out/sysroot" -flto -fvisibility=hidden)
declare -a includes
for module in base crypto codec graph/model graph/update graph/crdt graph/ledger graph/store graph/replica; do
  name=${module##*/}
  [ "$name" = store ] && name=graph_store
  mkdir -p "$out/include/$name/hearth"
  ln -sfn "$root/src/$module" "$out/include/$name/hearth/$name"
  includes+=("-I$out/include/$name")
done

mapfile -t sources < <(printf '%s\n' src/base/bytes.cpp src/crypto/{ed25519,sha2,secret,library}.cpp src/codec/{cbor,jsnumber,varint}.cpp \
  src/graph/{model,update,crdt,ledger,store,replica}/*.cpp src/wasm/*.cpp | grep -vE '_(test|fuzz|bench)\.cpp$')
sodium_sources=(
  "$sodium"/crypto_sign/crypto_sign.c "$sodium"/crypto_sign/ed25519/sign_ed25519.c "$sodium"/crypto_sign/ed25519/ref10/{keypair,open,sign}.c
  "$sodium"/crypto_core/ed25519/core_ed25519.c "$sodium"/crypto_core/ed25519/ref10/ed25519_ref10.c
  "$sodium"/crypto_hash/sha256/{hash_sha256.c,cp/hash_sha256_cp.c} "$sodium"/crypto_hash/sha512/{hash_sha512.c,cp/hash_sha512_cp.c}
  "$sodium"/crypto_verify/sodium/verify.c "$sodium"/sodium/utils.c)
sodium_includes=("-I$out/sodium_include" "-I$sodium/include" "-I$sodium/include/sodium")
mkdir -p "$out/sodium_include/sodium"
cp "$out"/libsodium/builds/msvc/version.h "$out/sodium_include/sodium/version.h"
cp "$out"/libsodium/builds/msvc/version.h "$out/sodium_include/version.h"

objects=()
compilers=()
# Begins to, two at a time.
compile() { # OBJECT SOURCE COMPILER OPTION…
  local object=$out/objects/$1 source=$2
  shift 2
  objects+=("$object")
  # Recompiled when the source or what it includes is newer.
  if [ -e "$object" ] && [ -e "$object.d" ] &&
    [ -z "$(sed 's/\\$//; s/^[^:]*://' "$object.d" | tr -s ' \n' '\0' | xargs -0 -I {} find {} -newer "$object" 2>&1)" ]; then return; fi
  if [ "$(jobs -rp | wc -l)" -ge 2 ]; then wait -n || true; fi
  "$@" -MMD -MF "$object.d" -c "$source" -o "$object" &
  compilers+=($!)
}
for source in "${sources[@]}"; do
  compile "$(printf '%s' "$source" | tr / -).o" "$source" "clang++-$version" "${flags[@]}" -Oz -std=c++23 -fno-exceptions -fno-rtti \
    -Wall -Wextra -Wno-missing-designated-field-initializers -Wno-missing-field-initializers "${includes[@]}" "${sodium_includes[@]}"
done
for source in "${sodium_sources[@]}"; do
  compile "sodium-$(printf '%s' "${source#"$sodium/"}" | tr / -).o" "$source" "clang-$version" "${flags[@]}" -O2 -w -DCONFIGURED=1 -DSODIUM_STATIC=1 \
    -DNATIVE_LITTLE_ENDIAN=1 -D_WASI_EMULATED_SIGNAL -D_GNU_SOURCE "${sodium_includes[@]}"
done
for compiler in "${compilers[@]}"; do wait "$compiler"; done
"clang++-$version" "${flags[@]}" -O2 -mexec-model=reactor -Wl,--strip-all -Wl,--gc-sections -Wl,--stack-first,-z,stack-size=1048576 \
  "${objects[@]}" -o "$out/linked.wasm"
# A thirtieth less with brotli; what the features are called is for linkers.
wasm-opt --enable-bulk-memory --enable-sign-ext --enable-mutable-globals --enable-nontrapping-float-to-int \
  --enable-multivalue -O2 --strip-target-features "$out/linked.wasm" -o "$out/graph.wasm"
printf '%s: %s bytes' "$out/graph.wasm" "$(stat -c %s "$out/graph.wasm")"
node=$root/build/node/bin/node
[ -x "$node" ] || node=$(command -v node)
"$node" -e 'const b=require("fs").readFileSync(process.argv[1]); const z=require("zlib"); console.log(`, ${z.brotliCompressSync(b,{params:{[z.constants.BROTLI_PARAM_QUALITY]:11}}).length} with brotli; imports: ${WebAssembly.Module.imports(new WebAssembly.Module(b)).length}`)' "$out/graph.wasm"
