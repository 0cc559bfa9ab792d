// DTLS-SRTP in memory: RFC 5764, RFC 6347 (lost flights), RFC 3711 and RFC 7714 (packets).
#include <deque>

#include "media/certificate.h"
#include "media/srtp.h"
#include "peers.h"

using namespace pasokh;
using namespace pasokh::media;
using namespace pasokh::media::test;

namespace {

struct Handshake {
  Folder folder;
  std::string ours = folder.path + "/ours.pem", theirs = folder.path + "/theirs.pem";
  std::string our_fingerprint = *browser_certificate(ours), their_fingerprint = *browser_certificate(theirs);
  DtlsContext server_context = owned(DtlsContext::load(ours)), client_context = owned(DtlsContext::load(theirs));
  std::deque<Octets> to_server, to_client;
  std::size_t largest = 0;

  std::unique_ptr<DtlsSession> make(DtlsSession::Role role) {
    auto& out = role == DtlsSession::Role::client ? to_server : to_client;
    const auto& context = role == DtlsSession::Role::client ? client_context : server_context;
    return std::make_unique<DtlsSession>(context, role, [this, &out](const std::uint8_t* bytes, std::size_t size) {
      largest = std::max(largest, size);
      out.emplace_back(bytes, bytes + size);
    });
  }
  void deliver(DtlsSession& server, DtlsSession& client) {
    while (!to_server.empty() || !to_client.empty()) {
      for (auto* queue : {&to_server, &to_client}) {
        if (queue->empty()) continue;
        const auto bytes = std::move(queue->front());
        queue->pop_front();
        (queue == &to_server ? server : client).on_datagram(bytes.data(), bytes.size());
      }
    }
  }
};

Octets packet_of(std::uint16_t sequence, std::size_t payload = 160) {
  Octets bytes(rtp_header_size);
  write_rtp_header(bytes.data(), false, 8, sequence, 160u * sequence, 0x1234);
  const auto sound = speech(sequence, payload);
  bytes.insert(bytes.end(), sound.begin(), sound.end());
  return bytes;
}

}  // namespace

TEST_CASE("both sides of a handshake come to the same keys, and each knows the other's certificate") {
  for (const auto& [name, profile] : {std::pair("SRTP_AEAD_AES_128_GCM:SRTP_AES128_CM_SHA1_80", SrtpProfile::aes_128_gcm), std::pair("SRTP_AES128_CM_SHA1_80", SrtpProfile::aes_cm_sha1_80)}) {
    Handshake h;
    REQUIRE(h.client_context.offer_profiles(name));
    auto server = h.make(DtlsSession::Role::server), client = h.make(DtlsSession::Role::client);
    client->start();
    h.deliver(*server, *client);
    REQUIRE(server->state() == DtlsSession::State::up);
    REQUIRE(client->state() == DtlsSession::State::up);
    CHECK(h.largest <= 1200);                    // no path needs to cut them up
    CHECK(server->peer_fingerprint() == h.their_fingerprint);
    CHECK(client->peer_fingerprint() == h.our_fingerprint);
    const auto a = server->keys(), b = client->keys();
    REQUIRE(a);
    REQUIRE(b);
    CHECK(a->profile == profile);
    CHECK(a->of_client == b->of_client);
    CHECK(a->of_server == b->of_server);
    CHECK(a->of_client != a->of_server);
    CHECK(a->of_client.size() == (profile == SrtpProfile::aes_128_gcm ? 28u : 30u));
  }
}

TEST_CASE("RFC 6347 §4.2.4: a lost flight is sent again after a second, and the handshake comes to its end") {
  Handshake h;
  auto server = h.make(DtlsSession::Role::server), client = h.make(DtlsSession::Role::client);
  client->start();
  REQUIRE_FALSE(h.to_server.empty());
  h.to_server.clear();                           // the whole first flight
  client->on_time();
  CHECK(h.to_server.empty());                    // not yet
  for (int i = 0; i < 150 && h.to_server.empty(); ++i) { usleep(10'000); client->on_time(); }
  REQUIRE_FALSE(h.to_server.empty());
  h.deliver(*server, *client);
  CHECK(server->state() == DtlsSession::State::up);
  CHECK(client->state() == DtlsSession::State::up);
}

TEST_CASE("a hello of another association is told from one that is only sent again") {
  Handshake h;
  auto server = h.make(DtlsSession::Role::server), client = h.make(DtlsSession::Role::client);
  client->start();
  const auto first_hello = h.to_server.front();
  h.deliver(*server, *client);
  CHECK_FALSE(server->is_another_hello(first_hello.data(), first_hello.size()));
  auto other = h.make(DtlsSession::Role::client);
  other->start();
  const auto other_hello = h.to_server.front();
  CHECK(server->is_another_hello(other_hello.data(), other_hello.size()));
  CHECK_FALSE(server->is_another_hello(other_hello.data(), 20));
}

TEST_CASE("octets that are no DTLS do not disturb a handshake") {
  Handshake h;
  auto server = h.make(DtlsSession::Role::server), client = h.make(DtlsSession::Role::client);
  for (std::uint32_t i = 0; i < 200; ++i) {
    auto noise = speech(i, 1 + i);
    noise[0] = static_cast<std::uint8_t>(20 + i % 44);
    server->on_datagram(noise.data(), noise.size());
  }
  client->start();
  h.deliver(*server, *client);
  CHECK(server->state() == DtlsSession::State::up);
}

TEST_CASE("what one side protects the other opens; a changed, foreign or repeated packet is refused") {
  for (const auto profile : {SrtpProfile::aes_128_gcm, SrtpProfile::aes_cm_sha1_80}) {
    const std::size_t key = profile == SrtpProfile::aes_128_gcm ? 28 : 30;
    const SrtpKeys keys{profile, std::string(key, 'c'), std::string(key, 's')};
    auto server = owned(SrtpPair::make(keys, true)), client = owned(SrtpPair::make(keys, false));
    for (std::uint32_t i = 65'500; i < 65'600; ++i) {  // over the wrap of the sequence number
      auto plain = packet_of(static_cast<std::uint16_t>(i));
      auto sealed = plain;
      sealed.resize(plain.size() + srtp_trailer);
      std::size_t size = plain.size();
      REQUIRE(client.protect(sealed.data(), size));
      CHECK(size > plain.size());
      sealed.resize(size);
      CHECK_FALSE(std::equal(plain.begin() + rtp_header_size, plain.end(), sealed.begin() + rtp_header_size));
      auto changed = sealed;
      changed[20] ^= 1;
      std::size_t changed_size = size;
      CHECK_FALSE(server.unprotect(changed.data(), changed_size));
      auto opened = sealed;
      std::size_t opened_size = size;
      REQUIRE(server.unprotect(opened.data(), opened_size));
      opened.resize(opened_size);
      CHECK(opened == plain);
      auto again = sealed;
      std::size_t again_size = size;
      CHECK_FALSE(server.unprotect(again.data(), again_size));
      auto own = sealed;
      std::size_t own_size = size;
      CHECK_FALSE(client.unprotect(own.data(), own_size));  // each direction has keys of its own
    }
  }
}

TEST_CASE("the certificate of a data folder is made once and stays") {
  Folder folder;
  const auto file = folder.path + "/browser.pem";
  const auto first = browser_certificate(file);
  REQUIRE(first);
  CHECK(first->size() == 32);
  CHECK(*browser_certificate(file) == *first);
  CHECK((std::filesystem::status(file).permissions() & std::filesystem::perms::all) == std::filesystem::perms::owner_read);
  CHECK(fingerprint_text(std::string("\x0a\xff\x00", 3)) == "0A:FF:00");
  std::filesystem::permissions(file, std::filesystem::perms::owner_all);
  { std::filesystem::resize_file(file, 10); }
  CHECK_FALSE(browser_certificate(file));       // a damaged one is not silently replaced: answers given would be wrong
}
