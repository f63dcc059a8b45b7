#pragma once

#include <hearth/access/store.h>
#include <hearth/storage/memory_store.h>

namespace hearth::access {

using storage::MemoryStore;

}  // namespace hearth::access
