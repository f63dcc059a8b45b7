#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/system/system_error.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <hearth/udp/batch.h>
#include <hearth/udp/interfaces.h>
#include <hearth/udp/socket.h>

namespace hearth::udp {
namespace {

using ::testing::Contains;
using ::testing::Not;

Options at(std::string_view address) {
  return {.bind = *Endpoint::parse(address)};
}

struct Received {
  Endpoint remote;
  Endpoint local;
  std::string text;
};

struct Peer {
  Peer(boost::asio::io_context& io, std::string_view address)
      : socket(io.get_executor(), at(address)) {
    socket.start(
        [this](std::span<const Datagram> datagrams) {
          batches.push_back(datagrams.size());
          for (const Datagram& d : datagrams)
            received.push_back({d.remote, d.local, to_text(d.bytes)});
        },
        [this] { ++writable; });
  }
  Socket socket;
  std::vector<Received> received;
  std::vector<std::size_t> batches;
  int writable = 0;
};

class SocketTest : public ::testing::Test {
 protected:
  // Loopback delivers within the send call, so a drained loop has seen everything.
  void run_until_received(const Peer& peer, std::size_t count) {
    for (int i = 0; i < 10000 && peer.received.size() < count; ++i)
      io_.run_one_for(std::chrono::milliseconds{1});
    ASSERT_EQ(peer.received.size(), count);
  }
  boost::asio::io_context io_;
};

TEST_F(SocketTest, SaysWhichLocalAddressADatagramCameToAndAnswersFromIt) {
  Peer server{io_, "0.0.0.0:0"};
  Peer client{io_, "127.0.0.1:0"};
  const Endpoint second{*IpAddress::parse("127.0.0.2"), server.socket.local().port};
  const std::array ask{Datagram{second, client.socket.local(), as_bytes("ask")}};
  EXPECT_EQ(client.socket.send(ask), 1U);
  run_until_received(server, 1);
  EXPECT_EQ(server.received[0].local, second);
  EXPECT_EQ(server.received[0].remote, client.socket.local());

  const std::array answer{
      Datagram{server.received[0].remote, server.received[0].local, as_bytes("answer")}};
  EXPECT_EQ(server.socket.send(answer), 1U);
  run_until_received(client, 1);
  EXPECT_EQ(client.received[0].remote, second);
  EXPECT_EQ(client.received[0].text, "answer");
}

TEST_F(SocketTest, DoesTheSameOverIpv6) {
  Peer server{io_, "[::]:0"};
  Peer client{io_, "[::1]:0"};
  const Endpoint to{*IpAddress::parse("::1"), server.socket.local().port};
  const std::array ask{Datagram{to, {*IpAddress::parse("::"), 0}, as_bytes("six")}};
  EXPECT_EQ(client.socket.send(ask), 1U);
  run_until_received(server, 1);
  EXPECT_EQ(server.received[0].local, to);
  EXPECT_EQ(server.received[0].remote, client.socket.local());
}

TEST_F(SocketTest, KeepsBordersAndOrderOfRunsThatLeaveSegmented) {
  Peer server{io_, "127.0.0.1:0"};
  Peer client{io_, "127.0.0.1:0"};
  std::vector<std::string> texts;
  for (int i = 0; i < 150; ++i)  // equal sizes, with a shorter and a longer one in between
    texts.push_back(std::string(i % 40 == 7    ? 300
                                : i % 40 == 20 ? 1400
                                               : 1200,
                                static_cast<char>('a' + i % 26)));
  std::vector<Datagram> datagrams;
  for (const auto& text : texts)
    datagrams.push_back({server.socket.local(), client.socket.local(), as_bytes(text)});
  EXPECT_EQ(client.socket.send(datagrams), datagrams.size());
  run_until_received(server, datagrams.size());
  for (std::size_t i = 0; i < texts.size(); ++i) EXPECT_EQ(server.received[i].text, texts[i]) << i;
  EXPECT_GT(server.batches.front(), 1U);
  EXPECT_EQ(client.socket.counters().sent, 150U);
  EXPECT_EQ(server.socket.counters().received_bytes, client.socket.counters().sent_bytes);
}

TEST_F(SocketTest, DropsWhatTheKernelRefusesAndSendsTheRest) {
  Peer server{io_, "127.0.0.1:0"};
  Peer client{io_, "127.0.0.1:0"};
  const Endpoint nowhere{*IpAddress::parse("2001:db8::1"), 9};  // wrong family for this socket
  const IpAddress any;
  const std::array datagrams{Datagram{nowhere, {any, 0}, as_bytes("lost")},
                             Datagram{nowhere, {any, 0}, as_bytes("lost")},
                             Datagram{server.socket.local(), {any, 0}, as_bytes("kept")}};
  EXPECT_EQ(client.socket.send(datagrams), 3U);
  run_until_received(server, 1);
  EXPECT_EQ(server.received[0].text, "kept");
  EXPECT_EQ(client.socket.counters().dropped_out, 2U);
  EXPECT_TRUE(client.socket.writable());
}

TEST_F(SocketTest, DropsDatagramsLongerThanItsBuffer) {
  Peer server{io_, "127.0.0.1:0"};
  Peer client{io_, "127.0.0.1:0"};
  const std::string longest(Socket::max_datagram, 'x');
  const std::string longer(Socket::max_datagram + 1, 'x');
  const std::array datagrams{Datagram{server.socket.local(), {}, as_bytes(longer)},
                             Datagram{server.socket.local(), {}, as_bytes(longest)}};
  EXPECT_EQ(client.socket.send(datagrams), 2U);
  run_until_received(server, 1);
  EXPECT_EQ(server.received[0].text, longest);
  EXPECT_EQ(server.socket.counters().dropped_in, 1U);
}

TEST_F(SocketTest, MayBeDestroyedInsideItsCallback) {
  auto server = std::make_unique<Socket>(io_.get_executor(), at("127.0.0.1:0"));
  const Endpoint to = server->local();
  bool called = false;
  server->start(
      [&](std::span<const Datagram>) {
        called = true;
        server.reset();
      },
      [] {});
  Peer client{io_, "127.0.0.1:0"};
  const std::array datagrams{Datagram{to, {}, as_bytes("x")}};
  EXPECT_EQ(client.socket.send(datagrams), 1U);
  for (int i = 0; i < 10000 && !called; ++i) io_.run_one_for(std::chrono::milliseconds{1});
  EXPECT_TRUE(called);
  EXPECT_EQ(server, nullptr);
}

TEST_F(SocketTest, SaysThatAPortIsTaken) {
  Peer first{io_, "127.0.0.1:0"};
  EXPECT_THROW(Socket(io_.get_executor(), {.bind = first.socket.local()}),
               boost::system::system_error);
}

TEST_F(SocketTest, BatchSendsWhatWasCommittedAndFreesItsSlots) {
  Peer server{io_, "127.0.0.1:0"};
  Peer client{io_, "127.0.0.1:0"};
  Batch batch;
  for (std::size_t round = 0; round < 2; ++round) {
    while (!batch.full()) {
      batch.slot()[0] = std::byte{'b'};
      batch.commit(server.socket.local(), client.socket.local(), 1);
    }
    EXPECT_TRUE(batch.flush(client.socket));
    EXPECT_TRUE(batch.empty());
  }
  run_until_received(server, 2 * Batch::capacity);
}

TEST_F(SocketTest, AFullBatchDropsItsNewest) {
  Peer server{io_, "127.0.0.1:0"};
  Peer client{io_, "127.0.0.1:0"};
  Batch batch;
  for (std::size_t i = 0; i < Batch::capacity + 3; ++i) {
    batch.slot()[0] = static_cast<std::byte>(i);
    batch.commit(server.socket.local(), client.socket.local(), 1);
  }
  EXPECT_EQ(batch.dropped(), 3U);
  EXPECT_TRUE(batch.flush(client.socket));
  run_until_received(server, Batch::capacity);
  EXPECT_EQ(server.received.front().text, std::string(1, '\0'));
  EXPECT_EQ(server.received.back().text, std::string(1, static_cast<char>(Batch::capacity + 2)));
}

TEST(InterfaceAddresses, NamesLoopbackOnlyWhenAsked) {
  const IpAddress loopback = *IpAddress::parse("127.0.0.1");
  EXPECT_THAT(interface_addresses({.with_loopback = true}), Contains(loopback));
  EXPECT_THAT(interface_addresses(), Not(Contains(loopback)));
}

}  // namespace
}  // namespace hearth::udp
