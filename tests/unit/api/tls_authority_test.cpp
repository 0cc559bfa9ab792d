#include <doctest/doctest.h>

#include <sys/stat.h>

#include <fstream>

#include "api/tls_authority.h"
#include "fake_centre.h"

using namespace pasokh;
using namespace pasokh::api;

TEST_CASE("the certificate is made once, and anew when its end is near, a name or address is new, or its key is lost") {
  Folder folder;
  const Instant now{1'795'000'000'000'000};
  HostNames names{{"centre", "localhost"}, {"127.0.0.1", "192.0.2.7", "::1"}};
  REQUIRE(*keep_certificate(folder.path, names, now));
  const TlsFiles files = tls_files(folder.path);
  const auto first = read_certificate(files.certificate);
  REQUIRE(first);
  CHECK(first->covers == names);
  CHECK(first->begins <= now - Duration::minutes(59));
  CHECK(first->ends == now + certificate_lasts);
  CHECK(first->fingerprint.size() == 95);
  CHECK_FALSE(*keep_certificate(folder.path, names, now + Duration::hours(59 * 24)));
  CHECK(*keep_certificate(folder.path, names, now + Duration::hours(61 * 24)));
  names.addresses.push_back("198.51.100.4");
  CHECK(*keep_certificate(folder.path, names, now));
  CHECK(missing_names(names, read_certificate(files.certificate)->covers).empty());
  const std::string authority = read_certificate(files.authority)->fingerprint;
  std::filesystem::remove(files.key);
  CHECK(*keep_certificate(folder.path, names, now));
  CHECK(read_certificate(files.authority)->fingerprint == authority);  // browsers trust it already: never changed without need
  std::filesystem::remove(files.authority_key);
  CHECK(*keep_certificate(folder.path, names, now));
  CHECK(read_certificate(files.authority)->fingerprint != authority);
  for (const auto& key : {files.key, files.authority_key}) {
    struct stat status {};
    REQUIRE(::stat(key.c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0400);
  }
}

TEST_CASE("a key that is another's, a file that holds nothing of use, and names that are not covered are told") {
  Folder a, b;
  const Instant now{1'795'000'000'000'000};
  REQUIRE(keep_certificate(a.path, own_names(), now));
  REQUIRE(keep_certificate(b.path, own_names(), now));
  CHECK(key_fits(tls_files(a.path).certificate, tls_files(a.path).key));
  CHECK(key_fits(tls_files(a.path).certificate, tls_files(b.path).key).error().code == "certificate-key");
  std::ofstream(a.path + "/nothing.pem") << "hello";
  CHECK(read_certificate(a.path + "/nothing.pem").error().code == "certificate");
  CHECK(read_certificate(a.path + "/absent.pem").error().code == "certificate");
  CHECK(missing_names({{"a.example", "b.c.example"}, {"192.0.2.1"}}, {{"*.example"}, {}}) == std::vector<std::string>{"b.c.example", "192.0.2.1"});
}
