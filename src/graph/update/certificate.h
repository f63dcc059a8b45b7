#pragma once
// A device's certificate as the graph needs it: who speaks through an author. The format is
// docs/protocol/identity.md's; node/identity writes them.

#include <hearth/base/bytes.h>
#include <hearth/base/result.h>
#include <hearth/model/id.h>
#include <hearth/update/error.h>

namespace hearth::update {

inline constexpr std::size_t max_certificate_size = 1024;

/// The persona that certified `device`, itself or through an appliance it certified. An empty
/// certificate: the author is a persona of its own.
[[nodiscard]] Result<model::PersonaKey, UpdateError> verify_certificate(
    BytesView certificate, const model::AuthorKey& device);

}  // namespace hearth::update
