// The one UDP socket on which all browsers of a worker talk (RFC 7983): checks are answered (ICE-lite), DTLS is shaken hands
// over, SRTP is opened and goes to the relay as if it came from a leg's own port. A datagram finds its leg by the name in its
// check, afterwards by the address that a check has proved. What nobody has proved is dropped and counted, never answered.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "media/dtls.h"
#include "media/srtp.h"
#include "media/stun.h"
#include "media/transport.h"
#include "media/wire.h"

namespace pasokh::media {

struct Leg;

struct AddressHash { std::size_t operator()(const Address&) const; };

// What a leg has when its peer is a browser.
class BrowserLink {
 public:
  BrowserLink(Leg& leg, Transport& transport, int fd) : leg_(leg), transport_(transport), fd_(fd) {}

  // Protected, to where the browser is; dropped while it is not connected. A leg's packets are at most 500 octets (60 ms).
  bool send_rtp(const std::uint8_t* packet, std::size_t size);
  bool send_rtcp(const std::uint8_t* packet, std::size_t size);
  bool connected() const { return srtp_.has_value(); }
  const Address& peer() const { return peer_; }
  std::int64_t refused() const { return refused_; }    // packets that were not authentic

 private:
  friend class Browsers;

  Leg& leg_;                                     // whose it is
  Transport& transport_;
  int fd_;
  BrowserPeer wanted_;
  Address peer_;                                 // proved by a check; chosen by the browser (USE-CANDIDATE)
  std::vector<Address> proved_;                  // all such addresses, the newest last
  std::string former_ufrag_, former_password_;   // before an ICE restart: good until the first check with the new ones
  std::int64_t checked_us_ = 0, lost_told_us_ = 0, measured_us_ = 0;
  std::unique_ptr<DtlsSession> dtls_;
  std::optional<SrtpPair> srtp_;
  bool new_keys_ = false;                        // an association has begun that will bring other keys
  bool told_connected_ = false, told_refused_ = false;
  std::int64_t refused_ = 0;
};

class BrowserUser {
 public:
  virtual void on_browser_rtp(Leg&, std::uint8_t* bytes, std::size_t size, const Address& from) = 0;
  virtual void on_browser_rtcp(Leg&, std::uint8_t* bytes, std::size_t size, const Address& from) = 0;
  virtual void browser_changed(Leg&, BrowserState, std::string why, const Address& peer) = 0;
  virtual void measure_browser(Leg&) = 0;       // each 2 s

 protected:
  ~BrowserUser() = default;
};

class Browsers {
 public:
  Browsers(Transport& transport, BrowserUser& user) : transport_(transport), user_(user) {}

  // Takes an open socket over. The certificate is read once; a later call with the same port changes nothing.
  Result<> open(int fd, const std::string& certificate);
  void close();
  bool is_open() const { return fd_ >= 0; }
  int fd() const { return fd_; }

  std::unique_ptr<BrowserLink> begin(Leg&, const BrowserPeer&, std::int64_t now_us);
  void change(BrowserLink&, const BrowserPeer&, std::int64_t now_us);
  void end(BrowserLink&);

  void on_datagram(std::uint8_t* bytes, std::size_t size, const Address& from, std::int64_t now_us);
  void on_time(std::int64_t now_us);             // each 100 ms

  struct Counters { std::int64_t checks = 0, dropped_stun = 0, dropped_unknown = 0, dropped_foreign = 0; };
  const Counters& counters() const { return counters_; }

 private:
  void on_stun(const std::uint8_t* bytes, std::size_t size, const Address& from, std::int64_t now_us);
  void on_dtls(BrowserLink&, const std::uint8_t* bytes, std::size_t size, const Address& from);
  void on_media(BrowserLink&, std::uint8_t* bytes, std::size_t size, const Address& from);
  void prove(BrowserLink&, const Address& from, bool nominated);
  void forget_addresses(BrowserLink&);
  void begin_dtls(BrowserLink&);
  void dtls_went_on(BrowserLink&);
  void refuse(BrowserLink&, std::string why);
  BrowserLink* at(const Address& from) const;

  Transport& transport_;
  BrowserUser& user_;
  int fd_ = -1;
  std::optional<DtlsContext> context_;
  std::unordered_map<std::string, BrowserLink*> by_ufrag_;
  std::unordered_map<Address, BrowserLink*, AddressHash> by_address_;
  std::vector<BrowserLink*> links_;
  Counters counters_;
};

}  // namespace pasokh::media
