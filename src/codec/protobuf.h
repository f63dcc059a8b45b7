#pragma once
// The subset of protobuf that libp2p speaks. Writers are deterministic as long as fields are
// written in order of their numbers. Readers accept what other writers make, unknown fields
// included. https://protobuf.dev/programming-guides/encoding/

#include <cstdint>
#include <optional>
#include <string_view>

#include <hearth/base/bytes.h>
#include <hearth/base/result.h>
#include <hearth/codec/error.h>

namespace hearth::codec {

class ProtoWriter {
 public:
  /// Field numbers are 1 to 2^29 - 1. A proto3 field is written even when it has its default value.
  ProtoWriter& varint(std::uint32_t field, std::uint64_t value);
  ProtoWriter& bytes(std::uint32_t field, BytesView value);
  ProtoWriter& text(std::uint32_t field, std::string_view value) {
    return bytes(field, hearth::as_bytes(value));
  }

  [[nodiscard]] const Bytes& view() const { return out_; }
  [[nodiscard]] Bytes take() { return std::move(out_); }

 private:
  Bytes out_;
};

enum class WireType : std::uint8_t { varint = 0, fixed64 = 1, bytes = 2, fixed32 = 5 };

/// One field as it stands on the wire. `bytes` points into the input.
struct ProtoField {
  std::uint32_t number = 0;
  WireType type = WireType::varint;
  std::uint64_t number_value = 0;  ///< of a varint, fixed64 or fixed32
  BytesView bytes_value;

  /// Error: wrong_type.
  [[nodiscard]] Result<std::uint64_t, CodecError> varint() const;
  [[nodiscard]] Result<BytesView, CodecError> bytes() const;
  /// Errors: wrong_type, bad_character (not UTF-8).
  [[nodiscard]] Result<std::string_view, CodecError> text() const;
};

/// Reads fields one after the other:
///
///     ProtoReader reader{message};
///     for (;;) {
///       HEARTH_TRY(const auto field, reader.next());
///       if (!field) break;
///       switch (field->number) { … default: break; }  // unknown fields are passed over
///     }
class ProtoReader {
 public:
  explicit ProtoReader(BytesView message) : reader_(message) {}

  /// Nothing at the end. Errors: truncated, too_large, wrong_type (a group or an unknown wire
  /// type).
  [[nodiscard]] Result<std::optional<ProtoField>, CodecError> next();

 private:
  Reader reader_;
};

}  // namespace hearth::codec
