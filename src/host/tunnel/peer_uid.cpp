#include <array>
#include <cstring>

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <hearth/tunnel/peer_uid.h>

namespace hearth::tunnel {

namespace {

struct Question {
  nlmsghdr head{};
  inet_diag_req_v2 body{};
};

class Netlink {
 public:
  Netlink() : fd_(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG)) {
    const timeval patience{.tv_sec = 1, .tv_usec = 0};
    if (fd_ >= 0) ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }
  ~Netlink() {
    if (fd_ >= 0) ::close(fd_);
  }
  Netlink(const Netlink&) = delete;
  Netlink& operator=(const Netlink&) = delete;

  [[nodiscard]] int fd() const { return fd_; }

 private:
  int fd_;
};

bool set_address(__be32 (&to)[4], const IpAddress& address) {
  return ::inet_pton(AF_INET, address.to_string().c_str(), &to[0]) == 1;
}

}  // namespace

std::optional<uid_t> peer_uid(const Endpoint& peer, const Endpoint& local) {
  const Netlink netlink;
  if (netlink.fd() < 0) return std::nullopt;
  Question question;
  question.head.nlmsg_len = sizeof question;
  question.head.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  question.head.nlmsg_flags = NLM_F_REQUEST;
  question.body.sdiag_family = AF_INET;
  question.body.sdiag_protocol = IPPROTO_TCP;
  question.body.idiag_states = ~0U;
  question.body.id.idiag_sport = htons(peer.port);
  question.body.id.idiag_dport = htons(local.port);
  question.body.id.idiag_cookie[0] = INET_DIAG_NOCOOKIE;
  question.body.id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
  if (!set_address(question.body.id.idiag_src, peer.address) ||
      !set_address(question.body.id.idiag_dst, local.address))
    return std::nullopt;
  if (::send(netlink.fd(), &question, sizeof question, 0) != sizeof question) return std::nullopt;

  alignas(nlmsghdr) std::array<std::byte, 8192> answer{};
  const ssize_t size = ::recv(netlink.fd(), answer.data(), answer.size(), 0);
  nlmsghdr head{};
  inet_diag_msg found{};
  if (size < static_cast<ssize_t>(NLMSG_HDRLEN + sizeof found)) return std::nullopt;
  std::memcpy(&head, answer.data(), sizeof head);
  if (head.nlmsg_type != SOCK_DIAG_BY_FAMILY) return std::nullopt;
  std::memcpy(&found, answer.data() + NLMSG_HDRLEN, sizeof found);
  // A socket that its process has left has nobody's name on it: the kernel says 0 then.
  if (found.idiag_inode == 0) return std::nullopt;
  return found.idiag_uid;
}

}  // namespace hearth::tunnel
