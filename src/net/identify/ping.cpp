#include <hearth/base/assert.h>
#include <hearth/identify/ping.h>

namespace hearth::identify {

std::array<std::byte, ping_size> Pinger::start(Entropy& entropy, Instant now) {
  HEARTH_ASSERT(echoed_ == ping_size);
  sent_ = entropy.array<ping_size>();
  echoed_ = 0;
  started_ = now;
  return sent_;
}

Result<std::optional<Duration>, PingError> Pinger::receive(Instant now, BytesView bytes) {
  if (bytes.empty()) return std::optional<Duration>{};
  if (echoed_ == ping_size) return Failure{PingError::unsolicited};
  if (bytes.size() > ping_size - echoed_) return Failure{PingError::wrong_echo};
  if (!equal(bytes, BytesView{sent_}.subspan(echoed_, bytes.size())))
    return Failure{PingError::wrong_echo};
  echoed_ += bytes.size();
  if (echoed_ < ping_size) return std::optional<Duration>{};
  return std::optional{now - started_};
}

std::optional<Instant> Pinger::deadline() const {
  if (echoed_ == ping_size) return std::nullopt;
  return started_ + ping_timeout;
}

}  // namespace hearth::identify
