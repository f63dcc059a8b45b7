#include <hearth/crypto/constant_time.h>
#include <hearth/crypto/hmac.h>
#include <hearth/sctp/cookie.h>

namespace hearth::sctp {
namespace {

constexpr std::size_t mac_size = 16;

}  // namespace

Bytes CookieJar::bake(Instant now, const Init& peer) const {
  Bytes cookie;
  Writer out{cookie};
  out.u64_be(static_cast<std::uint64_t>(now.time_since_epoch().count()));
  Init said = peer;
  said.cookie = {};
  out.bytes(encode_init(said));
  const auto mac = crypto::hmac_sha256(key_, cookie);
  out.bytes(BytesView{mac}.first(mac_size));
  return cookie;
}

std::optional<Init> CookieJar::open(Instant now, BytesView cookie) const {
  if (cookie.size() < 8 + mac_size) return std::nullopt;
  const BytesView content = cookie.first(cookie.size() - mac_size);
  const auto mac = crypto::hmac_sha256(key_, content);
  if (!crypto::constant_time_equal(BytesView{mac}.first(mac_size), cookie.last(mac_size)))
    return std::nullopt;
  Reader reader{content};
  const Duration baked{static_cast<Duration::rep>(*reader.u64_be())};
  if (now.time_since_epoch() - baked > lifetime) return std::nullopt;
  const auto init = parse_init(reader.rest());
  if (!init) return std::nullopt;
  return *init;
}

}  // namespace hearth::sctp
