#include <array>
#include <cerrno>
#include <string_view>

#include <unistd.h>

#include <hearth/crypto/sha2.h>
#include <hearth/sandbox/file.h>
#include <hearth/sandbox/tree.h>

namespace hearth::sandbox {
namespace {

class Walk {
 public:
  Walk() { hash_.update(as_bytes("hearth-app-tree-1\n")); }

  void directory(int from, int to, const std::string& prefix, int depth) {
    if (depth > 64) throw Trouble{"the app's directories are nested too deeply"};
    for (const auto& name : list_directory(from)) {
      if (++entries_ > max_tree_entries) throw Trouble{"the app has too many files"};
      struct stat status{};
      if (::fstatat(from, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0)
        throw_errno("can't look at " + prefix + name);
      if ((status.st_mode & (S_ISUID | S_ISGID)) != 0 && !S_ISDIR(status.st_mode))
        throw Trouble{prefix + name + " is setuid or setgid"};
      if (S_ISDIR(status.st_mode)) {
        head('d', '-', prefix + name, 0);
        const Fd child{open_beneath(from, name.c_str(), O_RDONLY | O_DIRECTORY)};
        if (!child) throw_errno("can't open " + prefix + name);
        Fd copy;
        if (to >= 0) {
          if (::mkdirat(to, name.c_str(), 0755) != 0) throw_errno("can't make " + prefix + name);
          copy = Fd{open_beneath(to, name.c_str(), O_RDONLY | O_DIRECTORY)};
          if (!copy || ::fchmod(copy.get(), 0755) != 0) throw_errno("can't open " + prefix + name);
        }
        directory(child.get(), copy.get(), prefix + name + "/", depth + 1);
      } else if (S_ISREG(status.st_mode)) {
        file(from, to, name, prefix);
      } else if (S_ISLNK(status.st_mode)) {
        std::array<char, 4096> target;
        const ssize_t size = ::readlinkat(from, name.c_str(), target.data(), target.size() - 1);
        if (size < 0) throw_errno("can't read the link " + prefix + name);
        const std::string text{target.data(), static_cast<std::size_t>(size)};
        head('l', '-', prefix + name, text.size());
        hash_.update(as_bytes(text));
        if (to >= 0 && ::symlinkat(text.c_str(), to, name.c_str()) != 0)
          throw_errno("can't make the link " + prefix + name);
      } else {
        throw Trouble{prefix + name + " is neither file, directory nor link"};
      }
    }
  }

  Digest finish() { return hash_.finish(); }

 private:
  void file(int from, int to, const std::string& name, const std::string& prefix) {
    const Fd in{open_beneath(from, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK)};
    struct stat status{};
    if (!in || ::fstat(in.get(), &status) != 0 || !S_ISREG(status.st_mode))
      throw_errno("can't open " + prefix + name);
    const bool executable = (status.st_mode & S_IXUSR) != 0;
    const auto size = static_cast<std::uint64_t>(status.st_size);
    head('f', executable ? 'x' : '-', prefix + name, size);
    Fd out;
    if (to >= 0) {
      const mode_t mode = executable ? 0755 : 0644;
      out = Fd{open_beneath(to, name.c_str(), O_WRONLY | O_CREAT | O_EXCL, mode)};
      if (!out || ::fchmod(out.get(), mode) != 0) throw_errno("can't make " + prefix + name);
    }
    static thread_local std::array<std::byte, 65536> buffer;
    std::uint64_t seen = 0;
    for (;;) {
      const ssize_t count = ::read(in.get(), buffer.data(), buffer.size());
      if (count < 0) throw_errno("can't read " + prefix + name);
      if (count == 0) break;
      const auto part = BytesView{buffer}.first(static_cast<std::size_t>(count));
      hash_.update(part);
      seen += part.size();
      bytes_ += part.size();
      if (bytes_ > max_tree_bytes) throw Trouble{"the app is too large"};
      if (out && ::write(out.get(), part.data(), part.size()) != count)
        throw_errno("can't write " + prefix + name);
    }
    if (seen != size) throw Trouble{prefix + name + " changed while it was read"};
  }

  // Lengths before texts, so that no two trees give one input.
  void head(char kind, char executable, const std::string& path, std::uint64_t size) {
    Bytes bytes;
    Writer writer{bytes};
    writer.u8(static_cast<std::uint8_t>(kind));
    writer.u8(static_cast<std::uint8_t>(executable));
    writer.u32_be(static_cast<std::uint32_t>(path.size()));
    writer.text(path);
    writer.u64_be(size);
    hash_.update(bytes);
  }

  crypto::Sha256 hash_;
  std::size_t entries_ = 0;
  std::uint64_t bytes_ = 0;
};

}  // namespace

Digest tree_digest(int directory) {
  Walk walk;
  walk.directory(directory, -1, "", 0);
  return walk.finish();
}

Digest copy_tree(int from, int to) {
  Walk walk;
  walk.directory(from, to, "", 0);
  return walk.finish();
}

}  // namespace hearth::sandbox
