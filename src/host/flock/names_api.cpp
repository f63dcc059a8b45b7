#include <hearth/codec/cbor.h>
#include <hearth/flock/names_api.h>
#include <hearth/identity/statement.h>
#include <hearth/local/guard.h>

namespace hearth::flock {

using http::Response;
using local::api_error;
using names::NameError;

namespace {

Response malformed() {
  return api_error(422, "bad_request", "That is no valid record for this name.");
}

Response not_its_host() {
  return api_error(403, "denied", "Only the host that a record names may register it.");
}

/// [transfer: bstr, record: bstr]
Result<std::pair<Bytes, Bytes>, codec::CborError> parse_transfer(BytesView body) {
  codec::CborReader reader{body};
  HEARTH_CHECK(reader.array(2));
  HEARTH_TRY(const auto transfer, reader.bytes());
  HEARTH_TRY(const auto record, reader.bytes());
  HEARTH_CHECK(reader.done());
  return std::pair{to_bytes(transfer), to_bytes(record)};
}

}  // namespace

std::string network_of(const IpAddress& address) {
  const IpAddress plain = address.unmapped();
  return to_hex(plain.bytes().first(plain.is_v4() ? 3 : 6));
}

loop::Task<Response> NamesApi::get(std::string name) {
  const auto record = registry_.find(clock_.wall(), name);
  if (!record) {
    ++counters_.missing;
    if (record.error() == NameError::store)
      co_return api_error(503, "unavailable", "The flock can't look names up just now. Try again.");
    co_return api_error(404, "not_found", "Nobody of that name is known here.");
  }
  ++counters_.found;
  Response response;
  response.headers = {{"Content-Type", "application/cbor"},
                      {"Cache-Control", "no-store"},
                      // Records are public and signed: any page may read one.
                      {"Access-Control-Allow-Origin", "*"}};
  response.body = http::make_body(*record);
  co_return response;
}

loop::Task<Response> NamesApi::put(std::string name, http::Request request, Asker asker) {
  const std::string body = co_await http::read_all(*request.body, identity::max_statement_size);
  const auto record = identity::NameRecord::verify(as_bytes(body));
  if (!record || record->name != name) co_return malformed();
  if (!asker.peer || *asker.peer != record->host.peer_id) co_return not_its_host();
  const auto outcome = registry_.put(clock_.wall(), asker.network, *record, as_bytes(body));
  if (!outcome) co_return refuse(name, outcome.error());
  const bool claimed = *outcome == names::Outcome::claimed;
  ++(claimed ? counters_.claimed : counters_.renewed);
  if (claimed) log_.info("name.claimed", {{"name", name}, {"root", record->root.to_string()}});
  co_return Response::empty(claimed ? 201 : 200);
}

loop::Task<Response> NamesApi::transfer(std::string name, http::Request request, Asker asker) {
  const std::string body = co_await http::read_all(*request.body, 4 * identity::max_statement_size);
  const auto parts = parse_transfer(as_bytes(body));
  if (!parts) co_return malformed();
  const auto transfer = identity::NameTransfer::verify(parts->first);
  const auto record = identity::NameRecord::verify(parts->second);
  if (!transfer || !record || record->name != name) co_return malformed();
  if (!asker.peer || *asker.peer != record->host.peer_id) co_return not_its_host();
  const auto done = registry_.transfer(clock_.wall(), *transfer, *record, parts->second);
  if (!done) co_return refuse(name, done.error());
  ++counters_.transferred;
  log_.info("name.transferred", {{"name", name}, {"root", record->root.to_string()}});
  co_return Response::empty(200);
}

Response NamesApi::refuse(std::string_view name, NameError error) {
  ++counters_.refused;
  log_.debug("name.refused", {{"name", name}, {"why", static_cast<int>(error)}});
  switch (error) {
    case NameError::malformed:
    case NameError::expired:
      return malformed();
    case NameError::other_root:
      return api_error(403, "denied", "This name belongs to another box. Choose another one.");
    case NameError::lower_sequence:
    case NameError::lower_epoch:
      return api_error(409, "conflict", "A newer record of this name is known here.");
    case NameError::limited:
      return api_error(429, "rate_limited", "Too many new names from your network today.");
    case NameError::invite_only:
      return api_error(403, "denied", "This flock takes no new names.");
    case NameError::no_such_name:
      return api_error(404, "not_found", "Nobody of that name is known here.");
    case NameError::store:
      break;
  }
  return api_error(503, "unavailable", "The flock can't keep names just now. Try again.");
}

}  // namespace hearth::flock
