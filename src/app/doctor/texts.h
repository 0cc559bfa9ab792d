// All that the doctor says, in English and in Persian, in one table. {0}, {1} … stand for parts; a number is written in the
// language's own digits; what is typed or shown as it is (commands, addresses, paths) stands in `…`.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pasokh::app::doctor {

enum class Say : std::uint8_t {
  // configuration
  configuration_understood, configuration_broken, cannot_start, mend_the_file,
  // ports
  port_free, port_taken, end_the_other_program, no_such_address, set_own_address, port_refused, low_ports_need_rights, set_other_address,
  answers, does_not_answer, cannot_be_reached, restart_or_log,
  rtp_room, rtp_few, further_calls_refused, widen_rtp, rtp_overlaps, port_taken_at_times, set_rtp_below,
  // certificate
  no_https_loopback, no_https, no_microphone, set_https, certificate_unreadable, mend_certificate, certificate_not_yet, key_does_not_fit, put_right_key, remove_certificate,
  names_empty, warn_other_name, set_names, certificate_found, certificate_misses, certificate_ended, certificate_ends, put_new_certificate, start_to_renew,
  warn_these_names, get_certificate, renewed_by_itself,
  // browser phones
  no_browser_phones, need_sip_phones, set_browser_port, browser_range_high, browser_range_in_rtp, some_workers_no_browsers, set_other_browser_port,
  browser_nobody_listens, browser_no_audio, browser_look_in_log, browser_port_taken, browser_end_other_program, browser_ours, browser_free, browser_ours_private, browser_free_private,
  // mail
  no_mail, mail_password_unreadable, no_mail_is_sent, write_mail_password, mail_password_open, mail_in_your_name, chmod_mail_password, mail_trouble, mail_waits, check_mail_settings,
  mail_without_tls, mail_in_the_clear, set_starttls, mail_greets,
  // addresses
  addresses, only_loopback, others_cannot_reach, connect_network, told_outside, public_address, all_private, no_audio_beyond_router, set_advertise,
  // clock
  clock_jumps, reports_times_off, one_clock_service, clock_not_kept, times_drift, install_timesync, clock_steady,
  // disk
  disk_unreadable, nothing_written, check_path, disk_free, recordings_and_calls_stop, make_room, recordings_stop, make_room_soon, cannot_write, chown_folder, write_fails, nothing_journalled, check_disk,
  sync_takes, steps_wait, use_local_disk,
  // limits
  files_allowed, four_sockets, raise_limit,
  // prompts
  prompts_there, no_prompts, tones_instead, make_folder_anew, install_espeak,
  // audio
  not_tried_no_number, not_tried_no_server, audio_unknown, give_number, start_server, no_call_possible, cannot_place_call, look_at_firewall, not_answered, customers_may_too, is_number_set,
  call_heard, hear_nothing, do_workers_run, may_hear_clicks, overloaded,
  // how it is printed
  verdict_ok, verdict_warning, verdict_problem, so, then,
};
inline constexpr std::size_t says = static_cast<std::size_t>(Say::then) + 1;

struct Phrase {
  Say say;
  const char *en, *fa;
};
std::span<const Phrase> phrases();       // in the order of Say, each once

struct CheckName {
  std::string_view check;                // as in the JSON
  const char* fa;
};
std::span<const CheckName> check_names();

struct Text {
  std::string en, fa;
  Text() = default;
  Text(std::string same) : en(same), fa(std::move(same)) {}  // addresses, paths, what a library said
  Text(const char* same) : en(same), fa(same) {}
  Text(std::string english, std::string persian) : en(std::move(english)), fa(std::move(persian)) {}
};
Text number(std::int64_t);
Text range(std::int64_t low, std::int64_t high);
Text say(Say, const std::vector<Text>& parts = {});
Text check_name(std::string_view check);

}  // namespace pasokh::app::doctor
